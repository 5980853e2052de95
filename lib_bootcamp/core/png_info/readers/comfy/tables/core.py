"""ComfyUI's own nodes: models, conditioning, latents, pictures; those of packs that do the same stand beside them."""

from __future__ import annotations

from typing import Any

from lib_bootcamp.core.png_info.readers.comfy.rules.rule import Nothing, Of, Sized, table
from lib_bootcamp.core.png_info.readers.comfy.rules.text_rules import Mix, Says, Staged
from lib_bootcamp.core.png_info.readers.comfy.rules.values import Value
from lib_bootcamp.core.png_info.readers.comfy.rules.with_facts import WithFacts

NOTHING = Nothing(Value())
UNKNOWN = Nothing(None)
EMPTY = Nothing()
CHECKPOINT = (WithFacts(None, {"model": "ckpt_name"}), NOTHING, NOTHING)
DIFFUSION = (WithFacts(None, {"model": "unet_name|model_name"}),)
MODEL = (Of("model"),)
CONDITIONING = (Of("conditioning"),)
SIZE = Sized()
PAIR = (Of("positive"), Of("negative"), SIZE)
PAIR_LATENT = (Of("positive"), Of("negative"), Of("latent|latent_image"))
PAIR_PIXELS = (Of("positive"), Of("negative"), WithFacts(Of("pixels|image", "image"), always={"masked": True}))
DECODE = WithFacts(Of("samples|latent|latents", "latent"), vae="vae")
ENCODE = Of("pixels|image|images", "image")
SCALED = {"scale_by": "scale_by|scale_factor|factor|upscale|upscale_by|upscale_factor"}
SCALED_TO = {"up_width": "width|target_width", "up_height": "height|target_height"}
METHOD = {"upscaler": "upscale_method|scale_method|interpolation|resampling_method"}
SCALES = {"scaled": True}

NODES: dict[str, Any] = table(
    {
        (
            "CheckpointLoaderSimple; CheckpointLoader; unCLIPCheckpointLoader; CheckpointLoaderKJ; "
            "CheckpointLoader|pysssss; CheckpointLoaderNF4; Checkpoint Loader; Checkpoint Loader (Simple); "
            "unCLIP Checkpoint Loader; CheckpointLoaderSimpleShared //Inspire; CheckpointLoaderSimpleExtended; "
            "Checkpoint Loader (LoraManager); CheckpointLoaderSimpleWithNoiseSelect"
        ): CHECKPOINT,
        "ImageOnlyCheckpointLoader": (WithFacts(None, {"model": "ckpt_name"}), NOTHING, NOTHING),
        (
            "UNETLoader; UnetLoaderGGUF; UnetLoaderGGUFAdvanced; DiffusionModelLoaderKJ; UNETLoaderNF4; "
            "UNETLoaderMultiGPU; UnetLoaderGGUFMultiGPU; Unet Loader (LoraManager)"
        ): DIFFUSION,
        "DiffusersLoader": (WithFacts(None, {"model": "model_path"}), NOTHING, NOTHING),
        "NunchakuFluxDiTLoader; NunchakuQwenImageDiTLoader; NunchakuZImageDiTLoader": (
            WithFacts(None, {"model": "model_path|model_name"}),
        ),
        "VAELoader; VAELoaderKJ; WanVideoVAELoader; VAELoaderMultiGPU": (
            WithFacts(None, {"vae": "vae_name|model_name"}),
        ),
        (
            "CLIPLoader; DualCLIPLoader; TripleCLIPLoader; QuadrupleCLIPLoader; CLIPLoaderGGUF; DualCLIPLoaderGGUF; "
            "TripleCLIPLoaderGGUF"
        ): NOTHING,
        "CLIPSetLastLayer": (WithFacts(Of("clip"), {"clip_skip": "stop_at_clip_layer"}),),
        "ModelMergeSimple; ModelMergeBlocks; ModelMergeSubtract; ModelMergeAdd; CLIPMergeSimple": Of("model1|clip1"),
        (
            "ModelSamplingFlux; ModelSamplingSD3; ModelSamplingAuraFlow; ModelSamplingStableCascade; "
            "ModelSamplingLTXV; ModelSamplingSD3Advanced+; ModelSamplingMiniMaxH3"
        ): (WithFacts(Of("model"), {"shift": "shift|max_shift"}),),
        (
            "ModelSamplingDiscrete; ModelSamplingContinuousEDM; ModelSamplingContinuousV; RescaleCFG; FreeU; "
            "FreeU_V2; PatchModelAddDownscale; TomePatchModel; HyperTile; CFGNorm; CFGZeroStar; "
            "SelfAttentionGuidance; PerturbedAttentionGuidance; DifferentialDiffusion; TorchCompileModel; "
            "SkipLayerGuidanceSD3; SkipLayerGuidanceDiT; IPAdapter; IPAdapterAdvanced; IPAdapterUnifiedLoader; "
            "IPAdapterFaceID; IPAdapterStyleComposition; IPAdapterTiled; ApplyPulid; ApplyPulidFlux; "
            "PathchSageAttentionKJ; ModelPassThrough; ModelCompile+; UNetTemporalAttentionMultiply; "
            "VideoLinearCFGGuidance; VideoTriangleCFGGuidance; RenormCFG; APG; EasyCache; LazyCache; "
            "DynamicThresholdingFull; DynamicThresholdingSimple; Automatic CFG; TeaCache; PAGAdvanced; "
            "CFGZeroStarAndInit; WanVideoNAG; ApplyFBCacheOnModel; GuidanceTimestepping+; ModelAttentionBackend; "
            "ScaleROPE; UNetSelfAttentionMultiply; EpsilonScaling"
        ): MODEL,
        "HypernetworkLoader": MODEL,
        (
            "CLIPTextEncode; AdvancedCLIPTextEncode; BNK_CLIPTextEncodeAdvanced; smZ CLIPTextEncode; "
            "CLIPTextEncodeSDXLRefiner; CLIPTextEncodePixArtAlpha; Text to Conditioning; CLIPTextEncodeSDXL+; "
            "CLIPTextEncode (NSP); CLIPTextEncodeWithWeight; TextEncodeForSamplerParams+; PhotoMakerEncode; "
            "CLIP Text Encode (Attention couple); ACN_AdvancedTextEncode; PromptControlSimple; CLIPTextEncodeA1111; "
            "Prompt (LoraManager); CLIPTextEncode (BlenderNeko Advanced + NSP)"
        ): (Says("text"), Of("text", "text"), Of("text", "text")),
        "CLIPTextEncodeSDXL; BNK_CLIPTextEncodeSDXLAdvanced": (Says("text_g|text_l"),),
        "CLIPTextEncodeFlux": (Says("clip_l|t5xxl", facts={"guidance": "guidance"}),),
        "CLIPTextEncodeSD3": (Says("clip_g|clip_l|t5xxl"),),
        "CLIPTextEncodeHiDream": (Says("clip_g|clip_l|t5xxl|llama"),),
        "CLIPTextEncodeHunyuanDiT": (Says("bert|mt5xl"),),
        "CLIPTextEncodeKandinsky5": (Says("clip_l|qwen25_7b"),),
        "CLIPTextEncodeLumina2": (Says("user_prompt"),),
        (
            "TextEncodeQwenImageEdit; TextEncodeQwenImageEditPlus; TextEncodeQwenImage21; TextEncodeZImageOmni; "
            "TextEncodeHunyuanVideo_ImageToVideo; TextEncodeQwenImageEditPlusAdvance_lrzjason; TextEncodeBooguEdit; "
            "TextEncodeFibo2; TextEncodeJoyImageEdit; TextEncodeMOSSImageEdit; TextEncodeMageFlowEdit; "
            "TextEncodeMingImageEdit"
        ): (Says("prompt"),),
        "TextEncodeAceStepAudio; TextEncodeAceStepAudio1.5": (Says("tags|lyrics"),),
        "CLIPTextEncodeControlnet": (Mix("conditioning"),),
        (
            "ConditioningSetArea; ConditioningSetAreaPercentage; ConditioningSetAreaPercentageVideo; "
            "ConditioningSetAreaStrength; ConditioningSetMask; ConditioningSetTimestepRange; ConditioningMultiply; "
            "ControlNetApply; unCLIPConditioning; StyleModelApply; ReferenceLatent; ReferenceMultiLatent; "
            "StyleModelApplyAdvanced; FluxKontextMultiReferenceLatentMethod; ACN_AdvancedControlNetApplySingle; "
            "SD3NegativeConditioning+; AddCLIPSDXLRParams; AddCLIPSDXLParams; FluxDisableGuidance; "
            "CR Apply ControlNet; T2IAdapterApply; CLIPVisionConditioning"
        ): CONDITIONING,
        "StableCascade_StageB_Conditioning": (Staged("conditioning", "stage_c"),),
        "FluxGuidance": (WithFacts(Of("conditioning"), {"guidance": "guidance"}),),
        "FluxKontextImageScale": (Of("image"),),
        "GLIGENTextBoxApply; GLIGENTextBoxApplyBatchCoords": (Of("conditioning_to"),),
        "ConditioningAverage": (Mix("conditioning_to|conditioning_from"),),
        "ConditioningConcat": (Mix("conditioning_to|conditioning_from"),),
        "ConditioningCombine; CR Conditioning Mixer; ConditioningCombineMultiple+; ConditioningMultiCombine": (
            Mix("conditioning_*"),
            NOTHING,
        ),
        "CombineConditionings; ConcatConditionings; ImpactCombineConditionings; ImpactConcatConditionings": (
            Mix("conditioning*"),
        ),
        "ConditioningZeroOut; ImpactNegativeConditioningPlaceholder; easy promptEmpty": EMPTY,
        "ConditioningSetProperties; ConditioningSetDefaultCombine; ConditioningSetPropertiesAndCombine": (
            Mix("cond|cond_NEW|cond_DEFAULT"),
        ),
        (
            "PairConditioningCombine; PairConditioningSetPropertiesAndCombine; PairConditioningSetProperties; "
            "PairConditioningSetDefaultCombine; ConditioningSetMaskAndCombine; ConditioningSetMaskAndCombine3; "
            "ConditioningSetMaskAndCombine4; ConditioningSetMaskAndCombine5"
        ): (
            Mix("positive|positive_*|positive_A|positive_B|positive_NEW|positive_DEFAULT"),
            Mix("negative|negative_*|negative_A|negative_B|negative_NEW|negative_DEFAULT"),
        ),
        (
            "ControlNetApplyAdvanced; ControlNetApplySD3; ControlNetInpaintingAliMamaApply; "
            "ACN_AdvancedControlNetApply; ACN_AdvancedControlNetApply_v2; LTXVConditioning; LTXVCropGuides; "
            "Apply ControlNet Stack; CondPassThrough; ApplyAdvancedControlNet"
        ): PAIR_LATENT,
        "CR Apply Multi-ControlNet": (Of("base_positive"), Of("base_negative"), NOTHING),
        "ApplyInstantID; ApplyInstantIDAdvanced": (Of("model"), Of("positive"), Of("negative")),
        "InpaintModelConditioning; InstructPixToPixConditioning": PAIR_PIXELS,
        (
            "WanImageToVideo; WanVaceToVideo; WanFunControlToVideo; WanFunInpaintToVideo; LTXVImgToVideo; "
            "WanFirstLastFrameToVideo; WanCameraImageToVideo; WanPhantomSubjectToVideo; Wan22FunControlToVideo; "
            "WanTrackToVideo; WanSoundImageToVideo; WanHuMoImageToVideo; WanAnimateToVideo; "
            "SVD_img2vid_Conditioning; SV3D_Conditioning; StableZero123_Conditioning; "
            "StableZero123_Conditioning_Batched; SD_4XUpscale_Conditioning; HunyuanVideo15ImageToVideo"
        ): PAIR,
        "HunyuanImageToVideo": (Of("positive"), SIZE),
        (
            "EmptyLatentImage; EmptySD3LatentImage; EmptyHunyuanLatentVideo; EmptyMochiLatentVideo; "
            "EmptyLTXVLatentVideo; EmptyCosmosLatentVideo; EmptyHunyuanImageLatent; EmptyFlux2LatentImage; "
            "EmptyHiDreamO1LatentImage; EmptyChromaRadianceLatentImage; EmptyQwenImageLayeredLatentImage; "
            "EmptyHunyuanVideo15Latent; Wan22ImageToVideoLatent; CosmosImageToVideoLatent; "
            "CosmosPredict2ImageToVideoLatent; ADE_EmptyLatentImageLarge; EmptyLatentImageAdvanced; "
            "Noisy Latent Image"
        ): (SIZE, SIZE, SIZE),
        "StableCascade_EmptyLatentImage": (SIZE, SIZE),
        "SDXL Empty Latent Image (rgthree)": (Sized(preset="dimensions"), UNKNOWN, UNKNOWN),
        "SDXLEmptyLatentSizePicker+": (Sized("width_override", "height_override", "resolution", typed=True),) * 3,
        "EmptyLatentImagePresets; EmptyLatentImageCustomPresets": (Sized(preset="dimensions"),) * 3,
        "VAEEncode; VAEEncodeTiled; WanVideoEncode": (ENCODE,),
        "VAEEncodeForInpaint": (WithFacts(ENCODE, always={"masked": True}),),
        "SetLatentNoiseMask": (WithFacts(Of("samples"), always={"masked": True}),),
        (
            "LatentUpscale; LatentUpscaleBy; NNLatentUpscale; LatentUpscaler; LatentPixelScale; "
            "Latent Upscale by Factor (WAS); LTXVLatentUpsampler; HunyuanVideo15LatentUpscaleWithModel"
        ): (WithFacts(Of("samples|latent"), {**SCALED, **SCALED_TO, **METHOD}, SCALES),) * 2,
        "LatentComposite; LatentCompositeMasked": (Of("samples_to|destination"),),
        (
            "LatentFromBatch; RepeatLatentBatch; LatentRotate; LatentFlip; LatentCrop; RebatchLatents; "
            "LatentBatchSeedBehavior; LatentMultiply; TrimVideoLatent; RemoveNoiseMask; RemoveLatentMask+; "
            "ReencodeLatent; CR Latent Batch Size; InjectLatentNoise+; Latent Noise Injection; LTXVSeparateAVLatent; "
            "LatentApplyOperation; PreviewBridgeLatent"
        ): Of("samples|latent|latents|av_latent", "latent"),
        "LatentAdd; LatentSubtract; LatentInterpolate; LatentBatch; LatentBlend; LatentConcat": (
            Of("samples1|samples"),
        ),
        "LTXVConcatAVLatent": (Of("video_latent"),),
        "AddNoise": (Of("latent_image"),),
        (
            "VAEDecode; VAEDecodeTiled; CR VAE Decode; VAEDecodeAudio; WanVideoDecode; VAEDecodeHunyuan3D; "
            "VAEDecodeBatched; HyVideoDecode; LTXVSpatioTemporalTiledVAEDecode; CogVideoDecode; MochiDecode"
        ): (DECODE, UNKNOWN),
        (
            "LoadImage; LoadImageMask; LoadImageOutput; Load Image Batch; Image Load; LoadImageFromUrl; LoadVideo; "
            "VHS_LoadVideo; ETN_LoadImageBase64; LoadImageBase64"
        ): NOTHING,
        "ImageUpscaleWithModel": (WithFacts(Of("image"), always=SCALES, upscaler="upscale_model"),),
        "UpscaleModelLoader": (WithFacts(None, {"upscale_model": "model_name"}),),
        (
            "ImageScale; ImageScaleBy; ImageScaleToTotalPixels; ImageResize+; ImageResizeKJ; ImageResizeKJv2; "
            "Image Resize (rgthree); ImageScaleToMaxDimension; ResizeAndPadImage; Image Resize; ImageScaleDown; "
            "ConstrainImage|pysssss; easy imageScaleDown"
        ): WithFacts(Of("image|images"), {**SCALED, **SCALED_TO, **METHOD}, SCALES),
        "CR Upscale Image": (
            WithFacts(Of("image"), {"scale_by": "rescale_factor", "upscaler": "upscale_model"}, SCALES),
        ),
        (
            "ImageCrop; ImageSharpen; ImageBlur; ImageInvert; ImageFromBatch; ImageBatch; RepeatImageBatch; "
            "ImageQuantize; ImagePadForOutpaint; ImageColorMatch+; ColorMatch; ReActorFaceSwap; ImageFlip+; "
            "ImageCASharpening+; PreviewBridge; ImageBlend; ImageAddNoise; ImageRotate; RestoreFace; FilmGrain; "
            "easy imageColorMatch; ImageListToImageBatch; ImpactImageBatchToImageList; RIFE VFI; "
            "GetImageSizeAndCount; ImageCompositeMasked; CreateVideo; ImageStitch"
        ): Of("image|images|input_image|image_target|image1|destination|frames|image_1", "image"),
    }
)
# the nodes that a picture is saved by, and those that only show it
SAVING = frozenset(
    [
        "CR Image Output",
        "CivitAI_Image_Saver",
        "D2 Save Image",
        "ETN_SendImageWebSocket",
        "Image Save",
        "Image Saver",
        "Image Saver Simple",
        "ImageSaver",
        "SDPromptSaver",
        "Save Image (LoraManager)",
        "Save Image With Prompt Data",
        "Save Image w/Metadata",
        "Save Images Mikey",
        "SaveAnimatedPNG",
        "SaveAnimatedWEBP",
        "SaveAudio",
        "SaveAudioMP3",
        "SaveImage",
        "SaveImageAdvanced",
        "SaveImageExtended",
        "SaveImageKJ",
        "SaveImagePlus",
        "SaveImageS3",
        "SaveImageWebP",
        "SaveImageWebsocket",
        "SaveImageWithMetaData",
        "SaveLatent",
        "SaveVideo",
        "SaveWEBM",
        "VHS_VideoCombine",
        "easy imageSave",
        "ttN imageOutput",
    ]
)
PREVIEWING = frozenset(
    [
        "Image Comparer (rgthree)",
        "MaskPreview",
        "PreviewAudio",
        "PreviewBridge",
        "PreviewImage",
        "SaveGLB",
        "easy imagePreview",
    ]
)
