"""ComfyUI's graphs: a value is asked for at a node's output; each kind of node with its right values."""

from __future__ import annotations

import json
import tracemalloc

import pytest

from lib_bootcamp.core.png_info.readers.comfy import read_comfy
from tests.core.png_info.readers.comfy_graphs import loras_of, node, prompt_of, read, text_to_image

SMALL = ["ctx", "model", "clip", "vae", "positive", "negative", "latent", "images", "seed"]
BIG = [*SMALL, "steps", "step_refiner", "cfg", "ckpt_name", "sampler", "scheduler"]


def core(made):
    return (made.prompt, made.negative_prompt, made.seed, made.steps, made.width, made.height, made.model)


PLAIN = ("a cat", "blurry", 42, 20, 512, 768, "m.safetensors")


def test_a_plain_graph_is_read():
    assert core(read(text_to_image())) == PLAIN


# --- pipes and contexts


def from_context(slots, key, **more):
    names = {"model": "model", "positive": "positive", "negative": "negative", "latent_image": "latent", **more}
    return {ours: [key, slots.index(theirs)] for ours, theirs in names.items()}


def test_a_chain_of_contexts_passes_on_what_was_put_in():
    graph = text_to_image(**from_context(SMALL, "22", seed="seed"))
    graph["20"] = node("Context (rgthree)", model=["4", 0], clip=["4", 1], latent=["5", 0], seed=["10", 0])
    graph["21"] = node("Context (rgthree)", base_ctx=["20", 0], positive=["6", 0], negative=["7", 0])
    graph["22"] = node("Context (rgthree)", base_ctx=["21", 0])
    graph["10"] = node("Seed (rgthree)", seed=4242)
    assert core(read(graph)) == (*PLAIN[:2], 4242, *PLAIN[3:])


def test_a_big_context_is_no_sampler():
    graph = text_to_image(
        **from_context(BIG, "40", seed="seed", steps="steps", cfg="cfg", sampler_name="sampler", scheduler="scheduler")
    )
    graph["40"] = node(
        "Context Big (rgthree)", model=["4", 0], positive=["6", 0], negative=["7", 0], latent=["5", 0], seed=123,
        steps=31, cfg=5.5, sampler="dpmpp_2m", scheduler="karras",
    )  # fmt: skip
    made = read(graph)
    assert core(made) == ("a cat", "blurry", 123, 31, 512, 768, "m.safetensors")
    assert (made.cfg_scale, made.sampler, made.scheduler) == (5.5, "dpmpp_2m", "karras")


def test_a_context_switch_takes_the_first_that_is_not_empty():
    graph = text_to_image(**from_context(SMALL, "22"))
    graph["20"] = node("Context (rgthree)")
    graph["21"] = node("Context (rgthree)", model=["4", 0], latent=["5", 0], positive=["6", 0], negative=["7", 0])
    graph["23"] = node("Context (rgthree)", positive=["7", 0], negative=["6", 0])
    graph["22"] = node("Context Switch (rgthree)", ctx_01=["20", 0], ctx_02=["21", 0], ctx_03=["23", 0])
    assert core(read(graph)) == PLAIN


def test_a_context_merge_lets_the_later_ones_count():
    graph = text_to_image(**from_context(SMALL, "22"))
    graph["20"] = node("Context (rgthree)", model=["4", 0], latent=["5", 0], positive=["7", 0], negative=["7", 0])
    graph["21"] = node("Context (rgthree)", positive=["6", 0])
    graph["22"] = node("Context Merge (rgthree)", ctx_01=["20", 0], ctx_02=["21", 0])
    assert core(read(graph)) == PLAIN


def test_a_basic_pipe_is_opened():
    graph = text_to_image(model=["21", 0], positive=["21", 3], negative=["21", 4])
    graph["20"] = node("ToBasicPipe", model=["4", 0], clip=["4", 1], vae=["4", 2], positive=["6", 0], negative=["7", 0])
    graph["21"] = node("FromBasicPipe", basic_pipe=["22", 0])
    graph["22"] = node("EditBasicPipe", basic_pipe=["20", 0])
    assert core(read(graph)) == PLAIN


def test_a_bus_is_opened():
    graph = text_to_image(model=["20", 1], positive=["20", 4], negative=["20", 5])
    graph["20"] = node("Bus Node", bus=["19", 0], positive=["6", 0])
    graph["19"] = node("Bus Node", model=["4", 0], positive=["7", 0], negative=["7", 0])
    assert core(read(graph)) == PLAIN


EASY = {
    "ckpt_name": "sub\\m.safetensors", "vae_name": "Baked VAE", "clip_skip": -2, "lora_name": "A.safetensors",
    "lora_model_strength": 0.5, "lora_clip_strength": 1.0, "resolution": "width x height (custom)",
    "empty_latent_width": 512, "empty_latent_height": 768, "positive": "a cat", "negative": "blurry", "batch_size": 1,
}  # fmt: skip


@pytest.mark.parametrize("kind", ["easy a1111Loader", "easy comfyLoader", "easy fullLoader"])
def test_easy_uses_pipe_is_followed(kind):
    graph = {
        "1": node(kind, **EASY),
        "2": node("easy preSampling", pipe=["1", 0], steps=20, cfg=7, sampler_name="euler", scheduler="normal",
                  denoise=1.0, seed=42),
        "3": node("easy kSampler", pipe=["2", 0], image_output="Preview"),
        "4": node("SaveImage", images=["3", 1]),
    }  # fmt: skip
    made = read(graph)
    assert core(made) == PLAIN
    assert (made.clip_skip, made.loras[0].weight, made.vae) == (2, 0.5, None)


def test_easy_uses_resolution_counts_before_its_numbers():
    graph = {
        "1": node("easy fullLoader", **{**EASY, "resolution": "832 x 1216"}),
        "2": node("easy fullkSampler", pipe=["1", 0], steps=20, cfg=7, seed=0, sampler_name="euler"),
        "3": node("SaveImage", images=["2", 1]),
    }
    made = read(graph)
    assert (made.width, made.height, made.seed) == (832, 1216, 0)


def test_tinyterras_pipe_is_followed():
    graph = {
        "1": node("ttN pipeLoader_v2", ckpt_name="m.safetensors", vae_name="v.pt", clip_skip=-1,
                  loras="<lora:A:0.7>", positive="a cat", negative="blurry", empty_latent_width=512,
                  empty_latent_height=768, seed=42),
        "2": node("ttN pipeKSampler_v2", pipe=["1", 0], lora_name="None", steps=20, cfg=7.0, sampler_name="euler",
                  scheduler="normal", denoise=1.0, seed=["1", 7], image_output="Save"),
        "3": node("ttN imageOutput", image=["2", 7], image_output="Save"),
    }  # fmt: skip
    made = read(graph)
    assert core(made) == PLAIN
    assert (made.loras[0].name, made.vae) == ("A", "v.pt")


def efficient(**loader):
    given = {
        "ckpt_name": "m.safetensors", "vae_name": "v.safetensors", "clip_skip": -2, "lora_name": "B.safetensors",
        "lora_model_strength": 0.9, "lora_clip_strength": 1.0, "positive": "a cat", "negative": "blurry",
        "empty_latent_width": 512, "empty_latent_height": 768, "batch_size": 1,
    }  # fmt: skip
    return {
        "1": node("Efficient Loader", **given | loader),
        "2": node("KSampler (Efficient)", seed=42, steps=20, cfg=6.5, sampler_name="dpmpp_2m", scheduler="karras",
                  denoise=1.0, model=["1", 0], positive=["1", 1], negative=["1", 2], latent_image=["1", 3],
                  optional_vae=["1", 4]),
        "3": node("SaveImage", images=["2", 5]),
    }  # fmt: skip


def test_efficiencys_loader_and_stack_are_read():
    graph = efficient(lora_stack=["4", 0])
    graph["4"] = node("LoRA Stacker", input_mode="simple", lora_count=2, lora_name_1="A.safetensors", lora_wt_1=0.3,
                      model_str_1=1.0, clip_str_1=1.0, lora_name_2="None", lora_wt_2=1.0, lora_name_3="X.safetensors",
                      lora_wt_3=1.0)  # fmt: skip
    made = read(graph)
    assert core(made) == PLAIN
    assert (made.clip_skip, made.vae) == (2, "v.safetensors")
    assert [(each.name, each.weight) for each in made.loras] == [("B.safetensors", 0.9), ("A.safetensors", 0.3)]


def test_efficiencys_hires_script_is_a_second_pass():
    graph = efficient()
    graph["2"]["inputs"]["script"] = ["4", 0]
    graph["4"] = node("HighRes-Fix Script", upscale_type="pixel", hires_ckpt_name="(use same)",
                      pixel_upscaler="x4.pth", upscale_by=1.5, hires_steps=12, denoise=0.45)  # fmt: skip
    made = read(graph)
    assert (made.hires_upscale, made.hires_steps, made.denoising_strength) == (1.5, 12, 0.45)


def test_an_sdxl_tuple_is_opened():
    graph = {
        "1": node("Eff. Loader SDXL", base_ckpt_name="m.safetensors", refiner_ckpt_name="None", positive="a cat",
                  negative="blurry", empty_latent_width=512, empty_latent_height=768),
        "2": node("KSampler SDXL (Eff.)", sdxl_tuple=["1", 0], latent_image=["1", 1], noise_seed=42, steps=20, cfg=7.0,
                  sampler_name="euler", scheduler="normal"),
        "3": node("SaveImage", images=["2", 3]),
    }  # fmt: skip
    assert core(read(graph)) == PLAIN


def test_wans_embeds_are_read():
    graph = {
        "1": node("WanVideoModelLoader", model="wan.safetensors", lora=["2", 0]),
        "2": node("WanVideoLoraSelect", lora="A.safetensors", strength=0.8, prev_lora=["3", 0]),
        "3": node("WanVideoLoraSelect", lora="B.safetensors", strength=1.2),
        "4": node("WanVideoTextEncode", positive_prompt="a cat", negative_prompt="blurry", t5=["9", 0]),
        "5": node("WanVideoEmptyEmbeds", width=512, height=768, num_frames=81),
        "6": node("WanVideoSampler", model=["1", 0], text_embeds=["4", 0], image_embeds=["5", 0], steps=20, cfg=6.0,
                  shift=5.0, seed=0, scheduler="unipc"),
        "7": node("WanVideoDecode", samples=["6", 0], vae=["8", 0]),
        "8": node("WanVideoVAELoader", model_name="wan_vae.safetensors"),
        "10": node("VHS_VideoCombine", images=["7", 0]),
    }  # fmt: skip
    made = read(graph)
    assert core(made) == ("a cat", "blurry", 0, 20, 512, 768, "wan.safetensors")
    assert (made.vae, made.scheduler) == ("wan_vae.safetensors", "unipc")
    assert [(each.name, each.weight) for each in made.loras] == [("B.safetensors", 1.2), ("A.safetensors", 0.8)]


# --- custom samplers and guiders


def custom(guider, noise=0):
    graph = text_to_image()
    graph["3"] = node("SamplerCustomAdvanced", noise=["21", 0], guider=["27", 0], sampler=["20", 0],
                      sigmas=["24", 0], latent_image=["5", 0])  # fmt: skip
    graph |= {
        "20": node("KSamplerSelect", sampler_name="euler"),
        "21": node("RandomNoise", noise_seed=noise),
        "23": node("BasicScheduler", scheduler="simple", steps=20, denoise=1.0, model=["4", 0]),
        "24": node("SplitSigmas", sigmas=["23", 0], step=0),
        "27": guider,
    }
    return graph


@pytest.mark.parametrize(
    ("guider", "negative", "cfg"),
    [
        (node("CFGGuider", cfg=4.5, model=["4", 0], positive=["6", 0], negative=["7", 0]), "blurry", 4.5),
        (node("BasicGuider", model=["4", 0], conditioning=["6", 0]), "", None),
        (
            node("DualCFGGuider", cfg_conds=5.0, cfg_cond2_negative=2.0, model=["4", 0], cond1=["6", 0],
                 cond2=["7", 0], negative=["7", 0]),
            "blurry",
            5.0,
        ),
        (
            node("PerpNegGuider", cfg=8.0, neg_scale=1.0, model=["4", 0], positive=["6", 0], negative=["7", 0],
                 empty_conditioning=["7", 0]),
            "blurry",
            8.0,
        ),
        (node("SomebodysGuider", cfg=3.0, model=["4", 0], positive=["6", 0], negative=["7", 0]), "blurry", 3.0),
    ],
    ids=["cfg", "basic", "dual", "perpneg", "unknown"],
)  # fmt: skip
def test_a_guider_gives_both_prompts_and_its_cfg(guider, negative, cfg):
    made = read(custom(guider))
    assert (made.prompt, made.negative_prompt, made.cfg_scale) == ("a cat", negative, cfg)
    assert (made.seed, made.steps, made.sampler, made.scheduler) == (0, 20, "euler", "simple")


def test_flux_guidance_and_shift_are_read():
    graph = custom(node("BasicGuider", model=["30", 0], conditioning=["31", 0]))
    graph["30"] = node("ModelSamplingFlux", max_shift=1.15, base_shift=0.5, width=1024, height=1024, model=["4", 0])
    graph["31"] = node("FluxGuidance", guidance=3.5, conditioning=["6", 0])
    made = read(graph)
    assert (made.prompt, made.extras["Distilled CFG Scale"], made.extras["Shift"]) == ("a cat", 3.5, 1.15)
    assert (made.width, made.height) == (512, 768)


@pytest.mark.parametrize(
    ("kind", "inputs"),
    [
        ("RandomNoise", {"noise_seed": ["30", 0]}),
        ("RandomNoise", {"noise_seed": 0}),
    ],
)
def test_nought_is_a_seed(kind, inputs):
    graph = custom(node("BasicGuider", model=["4", 0], conditioning=["6", 0]))
    graph["21"] = node(kind, **inputs)
    graph["30"] = node("PrimitiveInt", value=0)
    assert read(graph).seed == 0


def test_samplers_and_schedules_of_their_own_node_are_named():
    graph = custom(node("BasicGuider", model=["4", 0], conditioning=["6", 0]))
    graph["20"] = node("SamplerDPMPP_2M_SDE", solver_type="midpoint", eta=1.0)
    graph["23"] = node("KarrasScheduler", steps=25, sigma_max=14.6)
    made = read(graph)
    assert (made.sampler, made.scheduler, made.steps) == ("dpmpp_2m_sde", "karras", 25)


# --- texts


JOINED = [
    (node("StringConcatenate", string_a="masterpiece", string_b="a cat", delimiter=", "), "masterpiece, a cat"),
    (node("StringConcatenate", string_a=["51", 0], string_b="on grass", delimiter=", "), "a cat, on grass"),
    (node("StringConcatenate", string_a="a", string_b="a", delimiter=" "), "a a"),
    (node("Text Concatenate", text_b="b", text_a=["51", 0], text_d="b", delimiter=", ", clean_whitespace="true"),
     "a cat, b, b"),
    (node("CR Text Concatenate", text1="x", text2=["51", 0], separator="; "), "x; a cat"),
    (node("CR Combine Prompt", part1="x", part2=["51", 0], part3="z", part4="", separator=","), "x,a cat,z,"),
    (node("JoinStrings", delimiter=" ", string1="x", string2="y"), "x y"),
    (node("JoinStringMulti", inputcount=3, string_1="x", string_2=["51", 0], string_3="x", delimiter="-"), "x-a cat-x"),
    (node("easy promptConcat", prompt1="x", prompt2="y", separator=""), "xy"),
    (node("ttN concat", text1="x", text2="y", text3="z", delimiter="|"), "x|y|z"),
    (node("ttN text7BOX_concat", text1="x", text2="", text7="z", delimiter=", "), "x"),
    (node("StringFunction|pysssss", action="append", tidy_tags="yes", text_a="x", text_b="y", text_c=""), "x, y"),
    (node("StringFunction|pysssss", action="replace", tidy_tags="no", text_a="a dog", text_b="dog", text_c="cat"),
     "a cat"),
    (node("StringReplace", string="a dog", find="dog", replace="cat"), "a cat"),
    (node("StringTrim", string="  x ", mode="Both"), "x"),
    (node("CaseConverter", string="a cat", mode="UPPERCASE"), "A CAT"),
    (node("Text Find and Replace", text="a dog", find="dog", replace="cat"), "a cat"),
    (node("ImpactStringSelector", strings="x\ny\nz", multiline=False, select=1), "y"),
    (node("Text Multiline", text="a\nb"), "a\nb"),
    (node("ImpactWildcardProcessor", wildcard_text="a {x|y}", populated_text="a y", mode="populate", seed=1), "a y"),
    (node("CR Prompt Text", prompt="a cat"), "a cat"),
    (node("easy positive", positive="a cat"), "a cat"),
    (node("Somebodys Text", text="a cat"), "a cat"),
    (node("Power Primitive (rgthree)", type="STRING", value="a cat"), "a cat"),
]  # fmt: skip


@pytest.mark.parametrize(("made", "text"), JOINED, ids=[each["class_type"] for each, _ in JOINED])
def test_a_text_is_what_its_node_makes(made, text):
    nodes = {"50": made, "51": node("PrimitiveStringMultiline", value="a cat")}
    assert prompt_of(["50", 0], **nodes) == text


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (node("Somebodys Concat", text_2="b", text_1="a", delimiter=" + "), "a + b"),
        (node("Join Strings XY", string_b="b", string_a="a", string_c="a", separator=", "), "a, b, a"),
        (node("Wildcards of Somebody", text="a {x|y}", populated_text="a y"), "a y"),
        (node("Somebodys Text Replace", text="a dog", find="dog", replace="cat"), ""),
        (node("Somebodys Random Line", text="a|b", seed=3, min=0), ""),
    ],
    ids=lambda each: each["class_type"] if isinstance(each, dict) else "",
)
def test_an_unknown_class_that_names_its_work_is_taken_by_its_name(made, text):
    assert prompt_of(["50", 0], **{"50": made}) == text


@pytest.mark.parametrize(
    "made",
    [
        node("DPRandomGenerator", text="a {red|blue} cat", seed=1),
        node("OllamaGenerate", prompt="write a prompt of a cat", model="llama", system=""),
        node("RegexReplace", string="a", regex_pattern="a+", replace="b"),
        node("Somebodys Node", text_a="x", text_b="y"),
        node("Somebodys Language Model", prompt="say it better: a cat", model="gpt", temperature=0.5),
    ],
    ids=lambda made: made["class_type"],
)
def test_a_text_that_the_graph_does_not_hold_is_not_read(made):
    graph = text_to_image() | {"50": made}
    graph["6"]["inputs"]["text"] = ["50", 0]
    reported = read(graph)
    assert reported.prompt == ""
    assert "does not hold" in reported.extras["Note"]


def test_a_drawn_text_without_anything_to_draw_is_read():
    assert prompt_of(["50", 0], **{"50": node("DPRandomGenerator", text="a cat", seed=1)}) == "a cat"


@pytest.mark.parametrize("values", [[["a drawn cat"]], ["a drawn cat"], {"text": "a drawn cat"}])
def test_what_a_node_showed_counts_before_what_it_got(values):
    graph = text_to_image() | {
        "50": node("ShowText|pysssss", text=["51", 0]),
        "51": node("DPRandomGenerator", text="a {drawn|red} cat"),
    }
    graph["6"]["inputs"]["text"] = ["50", 0]
    workflow = {"nodes": [{"id": 50, "type": "ShowText|pysssss", "widgets_values": values}], "links": []}
    assert read(graph, workflow).prompt == "a drawn cat"


def test_what_was_shown_beside_the_way_gives_a_text_that_is_not_known():
    graph = text_to_image() | {
        "50": node("ShowText|pysssss", text=["51", 0]),
        "51": node("OllamaGenerate", prompt="a prompt of a cat", model="llama"),
    }
    graph["6"]["inputs"]["text"] = ["51", 0]
    workflow = {"nodes": [{"id": 50, "type": "ShowText|pysssss", "widgets_values": [["a cat by the sea"]]}]}
    assert read(graph, workflow).prompt == "a cat by the sea"


@pytest.mark.parametrize(
    "styler",
    [
        node("SDXLPromptStyler", text_positive="a castle", text_negative="ugly", style="base", log_prompt="No"),
        node("SDXLPromptStylerbyMood", text_positive="a castle", text_negative="ugly", style="base"),
        node("MilehighStyler", positive_prompt="a castle", negative_prompt="ugly", style="base"),
        node("easy stylesSelector", styles="fooocus_styles", positive="a castle", negative="ugly"),
        node("Somebodys Styler", positive="a castle", negative="ugly", style="x"),
    ],
    ids=lambda each: each["class_type"],
)
def test_a_styler_keeps_the_two_sides_apart(styler):
    graph = text_to_image() | {"50": styler}
    graph["6"]["inputs"]["text"], graph["7"]["inputs"]["text"] = ["50", 0], ["50", 1]
    made = read(graph)
    assert (made.prompt, made.negative_prompt) == ("a castle", "ugly")


def test_the_side_is_that_of_the_output_and_not_of_its_use():
    graph = text_to_image() | {"50": node("SDXLPromptStyler", text_positive="a castle", text_negative="ugly")}
    graph["6"]["inputs"]["text"], graph["7"]["inputs"]["text"] = ["50", 1], ["50", 0]
    made = read(graph)
    assert (made.prompt, made.negative_prompt) == ("ugly", "a castle")


@pytest.mark.parametrize(
    "encoder",
    [
        node("CLIPTextEncodeSDXL", width=1024, height=1024, text_g="a cat", text_l="a cat"),
        node("CLIPTextEncodeFlux", clip_l="a cat", t5xxl="a cat", guidance=3.5),
        node("CLIPTextEncodeSD3", clip_l="a cat", clip_g="a cat", t5xxl="", empty_padding="none"),
        node("BNK_CLIPTextEncodeAdvanced", text="a cat", token_normalization="none", weight_interpretation="comfy"),
        node("smZ CLIPTextEncode", text="a cat", parser="A1111", width=1024, height=1024),
        node("TextEncodeQwenImageEdit", prompt="a cat"),
        node("CLIPTextEncodeLumina2", system_prompt="superior", user_prompt="a cat"),
        node("Power Prompt (rgthree)", prompt="a cat", opt_clip=["4", 1]),
        node("Somebodys Encode", text="a cat", clip=["4", 1]),
    ],
    ids=lambda each: each["class_type"],
)
def test_an_encoder_says_its_text_once(encoder):
    assert read(text_to_image() | {"6": encoder}).prompt == "a cat"


@pytest.mark.parametrize(
    ("made", "prompt"),
    [
        (node("ConditioningCombine", conditioning_1=["6", 0], conditioning_2=["61", 0]), "a cat\na dog"),
        (node("ConditioningConcat", conditioning_to=["61", 0], conditioning_from=["6", 0]), "a dog\na cat"),
        (node("ConditioningAverage", conditioning_to=["6", 0], conditioning_from=["61", 0],
              conditioning_to_strength=0.5), "a cat\na dog"),
        (node("ConditioningSetArea", conditioning=["6", 0], width=64, height=64, x=0, y=0), "a cat"),
        (node("ControlNetApply", conditioning=["6", 0], control_net=["70", 0], image=["71", 0], strength=1), "a cat"),
        (node("unCLIPConditioning", conditioning=["6", 0], clip_vision_output=["70", 0]), "a cat"),
        (node("ConditioningZeroOut", conditioning=["6", 0]), ""),
        (node("ReferenceLatent", conditioning=["6", 0], latent=["5", 0]), "a cat"),
        (node("Somebodys Conditioning", conditioning=["6", 0], strength=1), "a cat"),
        (node("ConditioningSetTimestepRange", conditioning=["6", 0], start=0, end=1), "a cat"),
    ],
    ids=lambda each: each["class_type"] if isinstance(each, dict) else "",
)  # fmt: skip
def test_conditioning_says_what_it_is_made_of(made, prompt):
    graph = text_to_image(positive=["60", 0]) | {"60": made, "61": node("CLIPTextEncode", text="a dog")}
    assert read(graph).prompt == prompt


@pytest.mark.parametrize(
    "kind", ["ControlNetApplyAdvanced", "InpaintModelConditioning", "WanImageToVideo", "Unheard Of"]
)
def test_a_pair_of_conditionings_keeps_its_sides(kind):
    graph = text_to_image(positive=["60", 0], negative=["60", 1])
    graph["60"] = node(kind, positive=["6", 0], negative=["7", 0], strength=1)
    assert core(read(graph))[:2] == ("a cat", "blurry")


# --- switches


@pytest.mark.parametrize(
    ("switch", "prompt"),
    [
        (node("ImpactSwitch", select=2, sel_mode=True, input1=["6", 0], input2=["61", 0]), "a dog"),
        (node("ImpactSwitch", select=["80", 0], input1=["6", 0], input2=["61", 0]), "a dog"),
        (node("CR Conditioning Input Switch", Input=1, conditioning1=["6", 0], conditioning2=["61", 0]), "a cat"),
        (node("easy conditioningIndexSwitch", index=1, cond0=["6", 0], cond1=["61", 0]), "a dog"),
        (node("easy ifElse", boolean=False, on_true=["6", 0], on_false=["61", 0]), "a dog"),
        (node("ComfySwitchNode", switch=True, on_true=["6", 0], on_false=["61", 0]), "a cat"),
        (node("ImpactConditionalBranch", cond=["81", 0], tt_value=["6", 0], ff_value=["61", 0]), "a dog"),
        (node("Conditioning Input Switch", boolean=True, conditioning_a=["6", 0], conditioning_b=["61", 0]), "a cat"),
        (node("Any Switch (rgthree)", any_01=None, any_02=["61", 0], any_03=["6", 0]), "a dog"),
        (node("Any Switch (rgthree)", any_01=["99", 0], any_02=["61", 0]), "a dog"),
        (node("Reroute", **{"": ["61", 0]}), "a dog"),
        (node("ImpactSwitch", select=["82", 0], input1=["6", 0], input2=["61", 0]), ""),
    ],
    ids=lambda each: each["class_type"] if isinstance(each, dict) else "",
)
def test_only_the_chosen_input_counts(switch, prompt):
    graph = text_to_image(positive=["60", 0]) | {
        "60": switch,
        "61": node("CLIPTextEncode", text="a dog"),
        "80": node("PrimitiveInt", value=2),
        "81": node("PrimitiveBoolean", value=False),
        "82": node("Random Number", minimum=1, maximum=2, seed=3),
    }
    assert read(graph).prompt == prompt


# --- LoRAs

BASE = {"model": ["4", 0], "clip": ["4", 1]}
STACKS = [
    (node("LoraLoader", lora_name="sub/A.safetensors", strength_model=0.6, strength_clip=1, **BASE),
     [("A.safetensors", 0.6)]),
    (node("LoraLoaderModelOnly", lora_name="A.safetensors", strength_model=-0.5, model=["4", 0]),
     [("A.safetensors", -0.5)]),
    (node("LoraLoader", lora_name="A.safetensors", strength_model=0, strength_clip=0, **BASE), []),
    (node("LoraLoader|pysssss", lora_name={"content": "A.safetensors", "image": None}, strength_model=0.6, **BASE),
     [("A.safetensors", 0.6)]),
    (node("LoraTagLoader", text="<lora:A:0.7> and <lora:B:-1:0.5>", **BASE), [("A", 0.7), ("B", -1)]),
    (node("PCLazyLoraLoader", text="a fox <lora:A:0.7>", **BASE), [("A", 0.7)]),
    (node("PCLazyLoraLoaderAdvanced", text="a fox <lora:A:0.7>", **BASE), [("A", 0.7)]),
    (node("Lora Loader Stack (rgthree)", lora_01="A.safetensors", strength_01=0.6, lora_02="None", strength_02=1.0,
          lora_03="C.safetensors", strength_03=-0.5, **BASE), [("A.safetensors", 0.6), ("C.safetensors", -0.5)]),
    (node("Power Lora Loader (rgthree)", PowerLoraLoaderHeaderWidget={"type": "x"},
          lora_1={"on": True, "lora": "A.safetensors", "strength": 0.6},
          lora_2={"on": False, "lora": "B.safetensors", "strength": 1},
          lora_3={"on": True, "lora": "None", "strength": 1},
          lora_4={"on": True, "lora": "D.safetensors", "strength": 0.25, "strengthTwo": 1}, **BASE),
     [("A.safetensors", 0.6), ("D.safetensors", 0.25)]),
    (node("CR Load LoRA", switch="Off", lora_name="A.safetensors", strength_model=1, strength_clip=1, **BASE), []),
    (node("CR Load LoRA", switch="On", lora_name="A.safetensors", strength_model=1, strength_clip=1, **BASE),
     [("A.safetensors", 1)]),
    (node("CR Apply LoRA Stack", lora_stack=["30", 0], **BASE), [("A.safetensors", 0.6)]),
    (node("CR Apply LoRA Stack", lora_stack=["31", 0], **BASE), [("A.safetensors", 0.6), ("Q.safetensors", 2)]),
    (node("easy loraStackApply", lora_stack=["32", 0], model=["4", 0]), [("E.safetensors", 0.4)]),
    (node("easy loraStackApply", lora_stack=["33", 0], model=["4", 0]), []),
    (node("Lora Loader (LoraManager)", text="", loras={"__value__": [
        {"name": "A", "strength": "0.5", "active": True}, {"name": "B", "strength": 1, "active": False}]}, **BASE),
     [("A", 0.5)]),
    (node("ImpactWildcardEncode", populated_text="a cat <lora:A:0.5>", wildcard_text="x", **BASE), [("A", 0.5)]),
    (node("Power Prompt (rgthree)", prompt="<lora:A:0.5>", opt_model=["4", 0], opt_clip=["4", 1]), []),
    (node("Somebodys Lora Loader", lora_name="A.safetensors", strength_model=0.6, **BASE), [("A.safetensors", 0.6)]),
    (node("Somebodys Lora Stack", lora_1="A.safetensors", strength_1=0.6, lora_2="none", strength_2=1, **BASE),
     [("A.safetensors", 0.6)]),
    (node("LoraLoader", lora_name="B.safetensors", strength_model=["83", 0], model=["34", 0], clip=["34", 1]),
     [("A.safetensors", 1), ("B.safetensors", 0.5)]),
]  # fmt: skip


@pytest.mark.parametrize(("made", "loras"), STACKS, ids=[each["class_type"] for each, _ in STACKS])
def test_loras_are_read_in_every_spelling(made, loras):
    nodes = {
        "20": made,
        "30": node("CR LoRA Stack", switch_1="On", lora_name_1="A.safetensors", model_weight_1=0.6, clip_weight_1=1,
                   switch_2="Off", lora_name_2="B.safetensors", model_weight_2=1, clip_weight_2=1, switch_3="On",
                   lora_name_3="None", model_weight_3=1, clip_weight_3=1),
        "31": node("CR LoRA Stack", switch_1="On", lora_name_1="Q.safetensors", model_weight_1=2, clip_weight_1=1,
                   lora_stack=["30", 0]),
        "32": node("easy loraStack", toggle=True, mode="simple", num_loras=1, lora_1_name="E.safetensors",
                   lora_1_strength=0.4, lora_1_model_strength=1, lora_1_clip_strength=1, lora_2_name="F.safetensors",
                   lora_2_strength=1),
        "33": node("easy loraStack", toggle=False, mode="simple", num_loras=1, lora_1_name="E.safetensors",
                   lora_1_strength=0.4),
        "34": node("LoraLoader", lora_name="A.safetensors", strength_model=1, strength_clip=1, **BASE),
        "83": node("PrimitiveFloat", value=0.5),
    }  # fmt: skip
    if made["class_type"] == "Power Prompt (rgthree)":
        graph = text_to_image(model=["20", 1]) | nodes
        assert [(each.name, each.weight) for each in read(graph).loras] == [("A", 0.5)]
    else:
        assert loras_of(**nodes) == loras


@pytest.mark.parametrize(
    ("loader", "model"),
    [
        (node("CheckpointLoader|pysssss", ckpt_name={"content": "sub\\m.safetensors", "image": None}), "m.safetensors"),
        (node("UNETLoader", unet_name="flux.safetensors"), "flux.safetensors"),
        (node("UnetLoaderGGUF", unet_name="flux.gguf"), "flux.gguf"),
        (node("CheckpointLoaderSimple", ckpt_name=["84", 0]), "n.safetensors"),
        (node("Somebodys Loader", ckpt_name="m.safetensors"), "m.safetensors"),
        (node("ADE_AnimateDiffLoaderWithContext", model=["85", 0], model_name="mm_v15.ckpt"), "o.safetensors"),
        (node("CR Select Model", ckpt_name1="x.pt", ckpt_name2="y.pt", select_model=2), "y.pt"),
        (node("ModelSamplingDiscrete", model=["85", 0], sampling="lcm"), "o.safetensors"),
        (node("ModelMergeSimple", model1=["85", 0], model2=["86", 0], ratio=0.5), "o.safetensors"),
        (node("Somebodys Patch", model=["85", 0], strength=1), "o.safetensors"),
    ],
    ids=lambda each: each["class_type"] if isinstance(each, dict) else "",
)
def test_the_model_is_found_behind_what_changes_it(loader, model):
    graph = text_to_image() | {
        "4": loader,
        "84": node("easy ckptNames", ckpt_name="n.safetensors"),
        "85": node("CheckpointLoaderSimple", ckpt_name="o.safetensors"),
        "86": node("CheckpointLoaderSimple", ckpt_name="p.safetensors"),
    }
    assert read(graph).model == model


# --- passes


def detailed(kind, **inputs):
    graph = text_to_image()
    graph["9"]["inputs"]["images"] = ["70", 0]
    graph["70"] = node(kind, **{
        "image": ["8", 0], "model": ["4", 0], "vae": ["4", 2], "positive": ["6", 0], "negative": ["7", 0], "seed": 888,
        "steps": 25, "cfg": 8, "sampler_name": "dpmpp_2m", "scheduler": "karras", "denoise": 0.4, **inputs,
    })  # fmt: skip
    return graph


@pytest.mark.parametrize(
    "graph",
    [
        detailed("FaceDetailer", bbox_detector=["71", 0], guide_size=512, wildcard=""),
        detailed("UltimateSDUpscale", upscale_by=2, upscale_model=["72", 0], mode_type="Linear"),
        detailed("DetailerForEach", segs=["73", 0], guide_size=512),
        detailed("SEGSUpscaler", segs=["73", 0], rescale_factor=2),
        detailed("Somebodys Detailer", segs=["73", 0]),
    ],
    ids=lambda graph: graph["70"]["class_type"],
)
def test_work_on_parts_of_a_finished_picture_is_no_hires_pass(graph):
    made = read(graph)
    assert core(made) == PLAIN
    assert (made.hires_steps, made.denoising_strength, made.hires_upscale) == (None, None, None)
    assert made.extras[graph["70"]["class_type"]]["denoise"] == 0.4


def test_a_detailer_that_stands_alone_is_what_made_the_picture():
    graph = detailed("FaceDetailer")
    graph["8"] = node("LoadImage", image="a.png")
    assert (read(graph).seed, read(graph).denoising_strength) == (888, 0.4)


def test_a_sampler_that_denoises_in_full_starts_anew():
    graph = text_to_image()
    graph["30"] = node("VAEEncode", pixels=["31", 0], vae=["4", 2])
    graph["31"] = node("VAEDecode", samples=["32", 0], vae=["33", 0])
    graph["32"] = node("KSampler", **{**graph["3"]["inputs"], "seed": 7, "steps": 1, "model": ["34", 0]})
    graph["33"] = node("VAELoader", vae_name="other.safetensors")
    graph["34"] = node("UNETLoader", unet_name="depth.safetensors")
    graph["3"]["inputs"]["latent_image"] = ["30", 0]
    made = read(graph)
    assert core(made) == PLAIN
    assert made.vae is None


def test_a_base_and_a_refiner_are_one_picture():
    graph = text_to_image()
    shared = {"steps": 25, "cfg": 8.0, "sampler_name": "euler", "scheduler": "normal", "model": ["4", 0],
              "positive": ["6", 0], "negative": ["7", 0]}  # fmt: skip
    graph["3"] = node("KSamplerAdvanced", add_noise="enable", noise_seed=0, start_at_step=0, end_at_step=20,
                      latent_image=["5", 0], return_with_leftover_noise="enable", **shared)  # fmt: skip
    graph["30"] = node("KSamplerAdvanced", add_noise="disable", noise_seed=9, start_at_step=20, end_at_step=10000,
                       latent_image=["3", 0], return_with_leftover_noise="disable",
                       **{**shared, "model": ["31", 0]})  # fmt: skip
    graph["31"] = node("CheckpointLoaderSimple", ckpt_name="refiner.safetensors")
    graph["8"]["inputs"]["samples"] = ["30", 0]
    made = read(graph)
    assert (made.seed, made.steps, made.model, made.hires_steps) == (0, 25, "m.safetensors", None)


def test_an_inpainting_of_the_first_pass_is_no_hires_pass():
    graph = text_to_image()
    graph["30"] = node("SetLatentNoiseMask", samples=["3", 0], mask=["33", 0])
    graph["31"] = node("KSampler", **{**graph["3"]["inputs"], "latent_image": ["30", 0], "denoise": 0.6})
    graph["8"]["inputs"]["samples"] = ["31", 0]
    assert (read(graph).hires_steps, read(graph).denoising_strength) == (None, None)


def two_passes():
    graph = text_to_image()
    graph["30"] = node("LatentUpscaleBy", samples=["3", 0], upscale_method="bislerp", scale_by=2.0)
    graph["31"] = node("KSampler", **{**graph["3"]["inputs"], "latent_image": ["30", 0], "denoise": 0.5, "steps": 12})
    graph["32"] = node("VAEDecode", samples=["31", 0], vae=["4", 2])
    graph["33"] = node("SaveImage", images=["32", 0])
    return graph


@pytest.mark.parametrize(("size", "hires"), [((512, 768), None), ((1024, 1536), 12), ((0, 0), 12)])
def test_of_two_saved_pictures_the_one_of_this_size_is_read(size, hires):
    assert read(two_passes(), size=size).hires_steps == hires


def test_a_seed_is_that_of_the_first_pass():
    graph = two_passes()
    graph["31"]["inputs"]["seed"] = 7
    assert read(graph, size=(1024, 1536)).seed == 42


def test_only_what_leads_to_the_saved_picture_counts():
    graph = text_to_image()
    graph["40"] = node("KSampler", **{**graph["3"]["inputs"], "seed": 1, "positive": ["7", 0]})
    graph["41"] = node("LoraLoader", lora_name="unused.safetensors", strength_model=1, model=["4", 0])
    assert core(read(graph)) == PLAIN
    assert read(graph).loras == ()


# --- what the workflow beside it tells


def test_a_bypassed_node_passes_on_its_input():
    graph = text_to_image(model=["20", 0])
    graph["20"] = node("LoraLoader", lora_name="A.safetensors", strength_model=1, strength_clip=1, **BASE)
    workflow = {
        "nodes": [
            {
                "id": 20, "type": "LoraLoader", "mode": 4, "outputs": [{"name": "MODEL", "type": "MODEL"}],
                "inputs": [{"name": "model", "type": "MODEL"}, {"name": "clip", "type": "CLIP"}],
            }
        ]
    }  # fmt: skip
    made = read(graph, workflow)
    assert (made.loras, made.model) == ((), "m.safetensors")


def test_a_muted_node_is_not_there():
    graph = text_to_image(positive=["60", 0])
    graph["60"] = node("Any Switch (rgthree)", any_01=["61", 0], any_02=["6", 0])
    graph["61"] = node("CLIPTextEncode", text="muted")
    assert read(graph, {"nodes": [{"id": 61, "type": "CLIPTextEncode", "mode": 2}]}).prompt == "a cat"


def test_the_workflow_shows_which_input_an_unknown_class_passes_on():
    graph = text_to_image(positive=["60", 1], negative=["60", 0])
    graph["60"] = node("Somebodys Node", a=["7", 0], b=["6", 0])
    workflow = {
        "nodes": [
            {
                "id": 60, "type": "Somebodys Node",
                "outputs": [{"name": "a", "type": "CONDITIONING"}, {"name": "b", "type": "CONDITIONING"}],
                "inputs": [{"name": "a", "type": "CONDITIONING"}, {"name": "b", "type": "CONDITIONING"}],
            }
        ]
    }  # fmt: skip
    assert core(read(graph, workflow)) == PLAIN
    assert read(graph).prompt == ""


# --- a workflow alone


def page_node(key, kind, widgets=(), inputs=(), outputs=1, **more):
    return {
        "id": key, "type": kind, "mode": 0, "widgets_values": list(widgets),
        "inputs": [{"name": name, "type": "*", "link": link} for name, link in inputs],
        "outputs": [{"name": f"o{n}", "type": "*"} for n in range(outputs)], **more,
    }  # fmt: skip


def page():
    """The plain graph as the page keeps it, with a reroute, a primitive, Get and Set, and a muted preview."""
    nodes = [
        page_node(4, "CheckpointLoaderSimple", ["m.safetensors"], outputs=3),
        page_node(5, "EmptyLatentImage", [512, 768, 1]),
        page_node(6, "CLIPTextEncode", [""], [("clip", 2), ("text", 20)]),
        page_node(7, "CLIPTextEncode", ["blurry"], [("clip", 3)]),
        page_node(11, "PrimitiveNode", ["a cat", "fixed"]),
        page_node(12, "Reroute", [], [("", 4)]),
        page_node(13, "SetNode", ["latent"], [("LATENT", 6)]),
        page_node(14, "GetNode", ["latent"]),
        page_node(3, "KSampler", [42, "randomize", 20, 7.0, "euler", "normal", 1.0],
                  [("model", 1), ("positive", 21), ("negative", 5), ("latent_image", 7)]),
        page_node(8, "VAEDecode", [], [("samples", 8), ("vae", 9)]),
        page_node(9, "SaveImage", ["x"], [("images", 10)]),
        page_node(15, "KSampler", [1, "fixed", 3, 1.0, "lcm", "simple", 1.0], [("latent_image", 30)], mode=2),
    ]  # fmt: skip
    links = [
        [1, 4, 0, 3, 0, "MODEL"], [2, 4, 1, 6, 0, "CLIP"], [3, 4, 1, 7, 0, "CLIP"], [4, 6, 0, 12, 0, "*"],
        [21, 12, 0, 3, 1, "*"], [5, 7, 0, 3, 2, "*"], [6, 5, 0, 13, 0, "*"], [7, 14, 0, 3, 3, "*"],
        [8, 3, 0, 8, 0, "*"], [9, 4, 2, 8, 1, "*"], [10, 8, 0, 9, 0, "*"], [20, 11, 0, 6, 1, "STRING"],
        [30, 3, 0, 15, 3, "*"],
    ]  # fmt: skip
    return {"nodes": nodes, "links": links}


def test_a_workflow_alone_is_read_as_the_page_would_send_it():
    made = read_comfy({"workflow": json.dumps(page())})
    assert core(made) == PLAIN
    assert made.extras == {"Workflow nodes": 12}


def test_widgets_that_the_page_names_are_read_by_their_names():
    workflow = page()
    latent = workflow["nodes"][1]
    latent["type"], latent["widgets_values"] = "EmptyNewLatent", [768, 512]
    latent["inputs"] = [
        {"name": name, "type": "INT", "widget": {"name": name}, "link": None} for name in ("height", "width")
    ]
    assert core(read_comfy({"workflow": json.dumps(workflow)})) == PLAIN


def test_a_subgraph_is_entered():
    workflow = page()
    inner = [page_node(1, "CLIPTextEncode", ["blurry"], [("text", 51)])]
    workflow["definitions"] = {
        "subgraphs": [
            {
                "id": "uuid", "nodes": inner, "inputs": [{"name": "text"}], "outputs": [{"name": "out"}],
                "links": [
                    {"id": 51, "origin_id": -10, "origin_slot": 0, "target_id": 1, "target_slot": 0},
                    {"id": 52, "origin_id": 1, "origin_slot": 0, "target_id": -20, "target_slot": 0},
                ],
            }
        ]
    }  # fmt: skip
    workflow["nodes"][2] = page_node(6, "uuid", [], [("text", 20)])
    assert core(read_comfy({"workflow": json.dumps(workflow)})) == PLAIN


@pytest.mark.parametrize(("outside", "text"), [([], "inner"), (["outer"], "outer"), (["outer", "what?"], "inner")])
def test_a_subgraphs_widget_has_the_value_of_its_outside(outside, text):
    workflow = page()
    workflow["definitions"] = {
        "subgraphs": [
            {
                "id": "uuid", "nodes": [page_node(1, "CLIPTextEncode", ["inner"], [("text", 51)])],
                "inputs": [{"name": "text"}], "outputs": [{"name": "out"}],
                "links": [
                    {"id": 51, "origin_id": -10, "origin_slot": 0, "target_id": 1, "target_slot": 0},
                    {"id": 52, "origin_id": 1, "origin_slot": 0, "target_id": -20, "target_slot": 0},
                ],
            }
        ]
    }  # fmt: skip
    workflow["nodes"][2] = page_node(6, "uuid", outside)
    assert read_comfy({"workflow": json.dumps(workflow)}).prompt == text


# --- hostile graphs


@pytest.mark.thorough
def test_a_chain_of_a_hundred_thousand_nodes_ends_in_bounded_memory():
    graph = text_to_image(positive=["r0", 0])
    graph |= {f"r{n}": node("Reroute", value=[f"r{n + 1}", 0]) for n in range(90_000)}
    text = json.dumps(graph)
    tracemalloc.start()
    made = read_comfy({"prompt": text[: 4 * 2**20]} if len(text) > 4 * 2**20 else {"prompt": text})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert made is None or made.seed == 42
    assert peak < 400 * 2**20


def test_a_deep_chain_is_followed_to_its_end():
    graph = text_to_image(positive=["r0", 0])
    graph |= {f"r{n}": node("Reroute", value=[f"r{n + 1}", 0]) for n in range(5_000)}
    graph["r5000"] = node("Reroute", value=["6", 0])
    assert read(graph).prompt == "a cat"


@pytest.mark.thorough
def test_a_graph_that_is_too_large_says_so():
    graph = text_to_image(positive=["r0", 0])
    graph |= {f"r{n}": node("Reroute", value=[f"r{n + 1}", 0]) for n in range(20_000)}
    made = read(graph)
    assert (made.prompt, made.seed) == ("", 42)
    assert "too large" in made.extras["Note"]


def test_a_text_that_doubles_at_each_node_is_not_read():
    nodes = {
        f"d{n}": node("StringConcatenate", string_a=[f"d{n + 1}", 0], string_b=[f"d{n + 1}", 0], delimiter="")
        for n in range(60)
    }
    assert prompt_of(["d0", 0], **nodes, d60=node("PrimitiveString", value="ab")) == ""


@pytest.mark.parametrize(
    "inputs",
    [
        {"seed": ["3", 0], "steps": {"a": 1}, "cfg": [], "model": ["3", 0], "positive": ["3", 0]},
        {"seed": "x" * 100_000, "steps": [["3", 0], 0], "latent_image": ["3", True], "positive": [["6"], 0]},
        {"seed": 1e400, "steps": None, "cfg": True, "positive": ["6", 10**30], "negative": ["7", -3]},
        {"sampler_name": {"content": {"content": []}}, "scheduler": ["9" * 1000, 0]},
    ],
)
def test_inputs_of_any_type_are_passed_over(inputs):
    made = read(text_to_image(**inputs))
    assert made.tool == "ComfyUI"


@pytest.mark.parametrize(
    "workflow",
    [
        {"nodes": [{"id": 3, "type": "KSampler", "mode": [], "outputs": {}, "inputs": "x", "widgets_values": 5}]},
        {"nodes": [1, None, [], {"id": []}], "links": [[], [1], {"id": 1}, None], "definitions": []},
        {"nodes": [], "definitions": {"subgraphs": [None, {"id": 3}, {"id": "a", "nodes": [{"id": 1, "type": "a"}]}]}},
    ],
)
def test_a_workflow_of_any_shape_is_passed_over(workflow):
    assert core(read(text_to_image(), workflow)) == PLAIN
    assert read_comfy({"workflow": json.dumps(workflow)}).tool == "ComfyUI"


@pytest.mark.parametrize(("typed", "size"), [(0, (832, 1216)), (640, (640, 640))])
def test_a_size_picker_takes_the_preset_unless_a_size_is_typed(typed, size):
    graph = text_to_image(latent_image=["10", 0])
    graph["10"] = node(
        "SDXLEmptyLatentSizePicker+", resolution="832x1216 (0.68)", width_override=typed, height_override=typed
    )
    made = read(graph)
    assert (made.width, made.height) == size


def test_the_sdxl_loader_of_efficiency_gives_its_clip_skip():
    graph = {
        "1": node(
            "Eff. Loader SDXL", base_ckpt_name="m.safetensors", base_clip_skip=-2, refiner_clip_skip=-3,
            positive="a cat", negative="blurry", empty_latent_width=512, empty_latent_height=768,
        ),
        "2": node("KSampler SDXL (Eff.)", noise_seed=42, steps=20, cfg=7, sdxl_tuple=["1", 0], latent_image=["1", 1]),
        "3": node("SaveImage", images=["2", 3]),
    }  # fmt: skip
    made = read(graph)
    assert (core(made), made.clip_skip) == (PLAIN, 2)


def test_however_braces_stand_a_wildcards_text_is_looked_at_once():
    """Looked at anew from each brace, it takes hours, and nothing else runs meanwhile."""
    text = "{" + "|" * 1_500_000
    assert prompt_of(["50", 0], **{"50": node("DPRandomGenerator", text=text, seed=1)}) in {"", text}
