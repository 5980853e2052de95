"""Samplers, what they are set by, and what works on parts of a finished picture."""

from __future__ import annotations

from typing import Any

from lib_bootcamp.core.png_info.readers.comfy.rules.rule import Bundle, Nothing, Of, Sized, table
from lib_bootcamp.core.png_info.readers.comfy.rules.sampling import Sample
from lib_bootcamp.core.png_info.readers.comfy.rules.text_rules import Says
from lib_bootcamp.core.png_info.readers.comfy.rules.unknown import STANDARD
from lib_bootcamp.core.png_info.readers.comfy.rules.values import Value
from lib_bootcamp.core.png_info.readers.comfy.rules.with_facts import WithFacts

SAMPLE = Sample()
UNKNOWN = Nothing(None)
DETAIL = Sample(image="image|images|upscaled_image|image_frames|pixels", detail=True)
DETAILED = (DETAIL, DETAIL, DETAIL, UNKNOWN, Bundle(base="detailer_pipe"), UNKNOWN)


def named(name: str, field: str = "sampler") -> Bundle:
    """A sampler or schedule that has no name of its own in its inputs."""
    return Bundle({**STANDARD.fields, field: Nothing(Value(plain=name))}, base=STANDARD.base)


NODES: dict[str, Any] = table(
    {
        (
            "KSampler; KSamplerAdvanced; SamplerCustom; SamplerCustomAdvanced; KSampler (WAS); KSampler Cycle; "
            "BNK_TiledKSampler; BNK_TiledKSamplerAdvanced; TiledKSampler; KSampler //Inspire; "
            "KSamplerAdvanced //Inspire; KSamplerVariationsWithNoise+; KSamplerVariationsStochastic+; "
            "ClownsharKSampler; ClownsharKSampler_Beta; KSamplerWithNAG; WanMoeKSampler; WanMoeKSamplerAdvanced; "
            "SharkSampler; SharkSampler_Beta; UltraSharkSampler; KSamplerSDXLAdvanced; XlabsSampler; "
            "SelfRefineVideo; VOIDSampler; SeedVR2ProgressiveSampler; CogVideoSampler; MochiSampler; "
            "LTXVBaseSampler; HyVideoSampler; SUPIR_sample; WanVideoSampler; WanVideoSamplerv2; KSampler (Fooocus); "
            "KSampler Gradually Adding More Denoise (efficient)"
        ): (SAMPLE, SAMPLE),
        "KSamplerBasicPipe": (Bundle(base="basic_pipe"), SAMPLE, UNKNOWN),
        "KSamplerAdvancedBasicPipe": (Bundle(base="basic_pipe"), SAMPLE, UNKNOWN),
        "ImpactKSamplerBasicPipe; ImpactKSamplerAdvancedBasicPipe": (Bundle(base="basic_pipe"), SAMPLE, UNKNOWN),
        "KSampler (Efficient); KSampler Adv. (Efficient)": (
            Of("model"),
            Of("positive"),
            Of("negative"),
            SAMPLE,
            Of("optional_vae"),
            SAMPLE,
        ),
        "KSampler SDXL (Eff.)": (Of("sdxl_tuple"), SAMPLE, Of("optional_vae"), SAMPLE),
        "FluxSamplerParams+": (Sample({"sampler": "sampler", "positive": "conditioning"}), UNKNOWN),
        "XlabsSampler": Sample(
            {
                "seed": "noise_seed",
                "cfg": "true_gs",
                "positive": "conditioning",
                "negative": "neg_conditioning",
                "denoise": "denoise_strength",
                "latent": "latent_image",
            }
        ),
        "Fooocus KSampler": SAMPLE,
        "RegionalSampler": Sample({"latent": "samples"}),
        "RegionalSamplerAdvanced": Sample({"latent": "latent_image"}),
        "TwoAdvancedSamplersForMask": (Sample({"latent": "samples"}),),
        "TwoSamplersForMask": Sample({"latent": "latent_image"}),
        "KSamplerProvider; KSamplerAdvancedProvider": STANDARD,
        "HighRes-Fix Script": Bundle(
            {
                "hires_steps": "hires_steps",
                "hires_denoise": "denoise",
                "hires_scale_by": "upscale_by",
                "hires_upscaler": "pixel_upscaler|latent_upscaler",
            },
            base="script",
        ),
        (
            "RandomNoise; DisableNoise; KSamplerSelect; BasicScheduler; BasicGuider; CFGGuider; DualCFGGuider; "
            "PerpNegGuider; DualModelGuider; SplitSigmas; SplitSigmasDenoise; FlipSigmas; SetFirstSigma; "
            "ExtendIntermediateSigmas; ManualSigmas; VPScheduler; GITSScheduler; OptimalStepsScheduler; "
            "Flux2Scheduler; LTXVScheduler; MultimodalGuider; STGGuider; STGGuiderAdvanced; DetailDaemonSamplerNode; "
            "LyingSigmaSampler; NAGGuider; NAGCFGGuider; ScheduledCFGGuidance; Noise_EmptyNoise; SamplerLCMUpscale; "
            "MultiplySigmas; Sigmas Concat; MegaCFGGuider; GeometricCFGGuider; ImageAssistedCFGGuider; "
            "OptionalSigmas; KarrasSchedulerCustom"
        ): STANDARD,
        "LTXVDualCFGGuider": Bundle({**STANDARD.fields, "cfg": "video_cfg"}, base=STANDARD.base),
        **{
            kind: named(name)
            for kind, name in {
                "SamplerEulerAncestral": "euler_ancestral",
                "SamplerEulerAncestralCFGPP": "euler_ancestral_cfg_pp",
                "SamplerEulerCFGpp": "euler_cfg_pp",
                "SamplerLMS": "lms",
                "SamplerLCM": "lcm",
                "SamplerDPMPP_2M_SDE": "dpmpp_2m_sde",
                "SamplerDPMPP_3M_SDE": "dpmpp_3m_sde",
                "SamplerDPMPP_SDE": "dpmpp_sde",
                "SamplerDPMPP_2S_Ancestral": "dpmpp_2s_ancestral",
                "SamplerDPMAdaptative": "dpm_adaptive",
                "SamplerER_SDE": "er_sde",
                "SamplerSASolver": "sa_solver",
                "SamplerSEEDS2": "seeds_2",
                "SamplerLCMAlternative": "lcm",
            }.items()
        },
        **{
            kind: named(name, "scheduler")
            for kind, name in {
                "KarrasScheduler": "karras",
                "ExponentialScheduler": "exponential",
                "PolyexponentialScheduler": "polyexponential",
                "LaplaceScheduler": "laplace",
                "SDTurboScheduler": "turbo",
                "AlignYourStepsScheduler": "align_your_steps",
                "BetaSamplingScheduler": "beta",
            }.items()
        },
        "KSampler Config (rgthree)": (
            Of("steps_total"),
            Of("refiner_step"),
            Of("cfg"),
            Of("sampler_name"),
            Of("scheduler"),
        ),
        "FaceDetailer; FaceDetailerPipe": DETAILED,
        (
            "DetailerForEach; DetailerForEachDebug; SEGSUpscaler; SEGSUpscalerPipe; UltimateSDUpscale; "
            "UltimateSDUpscaleNoUpscale; UltimateSDUpscaleCustomSample; DetailerForEachPipeForAnimateDiff; "
            "IterativeImageUpscale"
        ): (DETAIL,) * 5,
        "DetailerForEachPipe; DetailerForEachDebugPipe": (
            DETAIL,
            UNKNOWN,
            Bundle(base="basic_pipe"),
            UNKNOWN,
            DETAIL,
            DETAIL,
            DETAIL,
        ),
        "MaskDetailerPipe": (DETAIL, DETAIL, DETAIL, Bundle(base="basic_pipe"), UNKNOWN),
        "SEGSPaste": Of("image"),
        "IterativeLatentUpscale": (
            WithFacts(Of("samples"), {"scale_by": "upscale_factor"}, {"scaled": True}),
            Of("vae"),
        ),
        "WanVideoTextEncode": Bundle({"positive": Says("positive_prompt"), "negative": Says("negative_prompt")}),
        "WanVideoTextEncodeCached": (
            Bundle({"positive": Says("positive_prompt"), "negative": Says("negative_prompt")}),
            Bundle({"negative": Says("negative_prompt")}),
            Of("positive_prompt"),
        ),
        "WanVideoTextEncodeSingle": Bundle({"positive": Says("prompt")}),
        "WanVideoTextEmbedBridge": STANDARD,
        "WanVideoImageToVideoEncode": Bundle({"latent": Sized()}),
        "WanVideoEmptyEmbeds": Bundle({"latent": Sized()}),
        "WanVideoImageClipEncode": Bundle({"latent": Sized("generation_width", "generation_height")}),
    }
)
