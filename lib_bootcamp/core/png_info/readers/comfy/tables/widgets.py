"""The order of nodes' widgets, for workflows whose page did not name them."""

from __future__ import annotations

AFTER_SEED = ("fixed", "increment", "decrement", "randomize", "increment-wrap")
_ORDERS = {
    "CheckpointLoaderSimple; unCLIPCheckpointLoader; ImageOnlyCheckpointLoader": "ckpt_name",
    "CheckpointLoader": "config_name ckpt_name",
    "UNETLoader": "unet_name weight_dtype",
    "UnetLoaderGGUF": "unet_name",
    "VAELoader": "vae_name",
    "LoraLoader": "lora_name strength_model strength_clip",
    "LoraLoaderModelOnly": "lora_name strength_model",
    "CLIPSetLastLayer": "stop_at_clip_layer",
    "UpscaleModelLoader": "model_name",
    "CLIPTextEncode; CR Text; ttN text": "text",
    "CLIPTextEncodeFlux": "clip_l t5xxl guidance",
    "CLIPTextEncodeSDXL": "width height crop_w crop_h target_width target_height text_g text_l",
    "CLIPTextEncodeSDXLRefiner": "ascore width height text",
    "TextEncodeQwenImageEdit; TextEncodeQwenImageEditPlus; CR Prompt Text": "prompt",
    "TextEncodeHunyuanVideo_ImageToVideo": "prompt image_interleave",
    "FluxGuidance": "guidance",
    "ModelSamplingSD3; ModelSamplingAuraFlow": "shift",
    "ModelSamplingFlux": "max_shift base_shift width height",
    "KSampler": "seed steps cfg sampler_name scheduler denoise",
    "KSamplerAdvanced": (
        "add_noise noise_seed steps cfg sampler_name scheduler start_at_step end_at_step return_with_leftover_noise"
    ),
    "SamplerCustom": "add_noise noise_seed cfg",
    "KSamplerSelect": "sampler_name",
    "RandomNoise": "noise_seed",
    "BasicScheduler": "scheduler steps denoise",
    "CFGGuider": "cfg",
    "DualCFGGuider": "cfg_conds cfg_cond2_negative style",
    "LTXVScheduler": "steps max_shift base_shift stretch terminal",
    "Flux2Scheduler": "steps width height",
    "KarrasScheduler": "steps sigma_max sigma_min rho",
    "AlignYourStepsScheduler": "model_type steps denoise",
    "SDTurboScheduler": "steps denoise",
    "SplitSigmas": "step",
    "EmptyLatentImage; EmptySD3LatentImage; EmptyFlux2LatentImage; EmptyHunyuanImageLatent": "width height batch_size",
    (
        "EmptyHunyuanLatentVideo; EmptyMochiLatentVideo; EmptyLTXVLatentVideo; EmptyCosmosLatentVideo; "
        "WanImageToVideo; Wan22ImageToVideoLatent; CosmosImageToVideoLatent; "
        "CosmosPredict2ImageToVideoLatent; WanFunControlToVideo; WanFirstLastFrameToVideo; "
        "HunyuanImageToVideo; WanCameraImageToVideo"
    ): "width height length batch_size",
    "WanVaceToVideo; LTXVImgToVideo": "width height length batch_size strength",
    "StableCascade_EmptyLatentImage": "width height compression batch_size",
    "StableZero123_Conditioning": "width height batch_size elevation azimuth",
    "SVD_img2vid_Conditioning": "width height video_frames motion_bucket_id fps augmentation_level",
    "LatentUpscale; ImageScale": "upscale_method width height crop",
    "LatentUpscaleBy; ImageScaleBy": "upscale_method scale_by",
    "VideoLinearCFGGuidance": "min_cfg",
    "LTXVConditioning": "frame_rate",
    "ConditioningAverage": "conditioning_to_strength",
    (
        "PrimitiveString; PrimitiveStringMultiline; PrimitiveInt; PrimitiveFloat; PrimitiveBoolean; "
        "INTConstant; FloatConstant; ImpactInt; ImpactFloat; easy int; easy float; easy string"
    ): "value",
    "StringConcatenate": "string_a string_b delimiter",
    "TextEncodeAceStepAudio": "tags lyrics lyrics_strength",
    "TextEncodeAceStepAudio1.5": "tags lyrics",
    "StringReplace": "string find replace",
    "StringTrim": "string mode",
    "CustomCombo": "choice index",
    "StringConstant": "string",
    "StringConstantMultiline": "string strip_newlines",
    "Seed (rgthree); easy seed; CR Seed": "seed",
    "easy positive": "positive",
    "easy negative": "negative",
    "CR Text Concatenate": "text1 text2 separator",
    "Efficient Loader": (
        "ckpt_name vae_name clip_skip lora_name lora_model_strength lora_clip_strength positive negative "
        "token_normalization weight_interpretation empty_latent_width empty_latent_height batch_size"
    ),
    "KSampler (Efficient)": "seed steps cfg sampler_name scheduler denoise preview_method vae_decode",
    "Eff. Loader SDXL": (
        "base_ckpt_name base_clip_skip refiner_ckpt_name refiner_clip_skip positive_ascore negative_ascore "
        "vae_name positive negative token_normalization weight_interpretation empty_latent_width "
        "empty_latent_height batch_size"
    ),
    "KSampler SDXL (Eff.)": "noise_seed steps cfg sampler_name scheduler start_at_step refine_at_step",
    "KSampler Adv. (Efficient)": "add_noise noise_seed steps cfg sampler_name scheduler start_at_step end_at_step",
    "KSamplerAdvancedProvider": "cfg sampler_name scheduler",
    "RegionalSampler": "seed seed_2nd seed_2nd_mode steps base_only_steps denoise",
    "TwoAdvancedSamplersForMask": "seed steps denoise",
    "ttN pipeLoader": (
        "ckpt_name config_name vae_name clip_skip lora1_name lora1_model_strength lora1_clip_strength "
        "lora2_name lora2_model_strength lora2_clip_strength lora3_name lora3_model_strength "
        "lora3_clip_strength positive positive_token_normalization positive_weight_interpretation negative "
        "negative_token_normalization negative_weight_interpretation empty_latent_width empty_latent_height "
        "batch_size seed"
    ),
    "ttN pipeLoader_v2": (
        "ckpt_name config_name vae_name clip_skip loras positive positive_token_normalization "
        "positive_weight_interpretation negative negative_token_normalization negative_weight_interpretation "
        "empty_latent_aspect empty_latent_width empty_latent_height batch_size seed"
    ),
    "ttN pipeKSampler": (
        "lora_name lora_model_strength lora_clip_strength upscale_method factor crop sampler_state steps cfg "
        "sampler_name scheduler denoise image_output save_prefix seed"
    ),
    "ttN pipeKSampler_v2": (
        "lora_name lora_strength upscale_method upscale_model_name factor rescale percent width height "
        "longer_side crop steps cfg sampler_name scheduler denoise image_output save_prefix file_type "
        "embed_workflow seed"
    ),
    "CR LoRA Stack": (
        "switch_1 lora_name_1 model_weight_1 clip_weight_1 switch_2 lora_name_2 model_weight_2 clip_weight_2 "
        "switch_3 lora_name_3 model_weight_3 clip_weight_3"
    ),
    "Lora Loader Stack (rgthree)": "lora_01 strength_01 lora_02 strength_02 lora_03 strength_03 lora_04 strength_04",
    "SDXLPromptStyler": "text_positive text_negative style log_prompt",
    "SDXL Empty Latent Image (rgthree)": "dimensions clip_scale batch_size",
    "ImpactSwitch": "select sel_mode",
    "ComfySwitchNode": "switch",
    "ImpactWildcardProcessor": "wildcard_text populated_text mode seed",
    "ImpactWildcardEncode": "wildcard_text populated_text",
    "easy preSampling": "steps cfg sampler_name scheduler denoise seed",
    "easy fullLoader": (
        "ckpt_name config_name vae_name clip_skip lora_name lora_model_strength lora_clip_strength "
        "resolution empty_latent_width empty_latent_height positive positive_token_normalization "
        "positive_weight_interpretation negative negative_token_normalization negative_weight_interpretation "
        "batch_size"
    ),
    "easy a1111Loader; easy comfyLoader": (
        "ckpt_name vae_name clip_skip lora_name lora_model_strength lora_clip_strength resolution "
        "empty_latent_width empty_latent_height positive negative batch_size"
    ),
    "WanVideoTextEncode": "positive_prompt negative_prompt",
    "WanVideoEmptyEmbeds": "width height num_frames",
    "WanVideoModelLoader": "model base_precision quantization load_device",
    "WanVideoLoraSelect": "lora strength",
    "WanVideoVAELoader": "model_name precision",
    "WanVideoSampler": "steps cfg shift seed force_offload scheduler riflex_freq_index",
}
WIDGETS: dict[str, tuple[str, ...]] = {
    kind: tuple(order.split()) for kinds, order in _ORDERS.items() for kind in kinds.split("; ")
}
