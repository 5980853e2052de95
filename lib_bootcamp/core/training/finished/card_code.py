"""The lines of Python that load a shared file with diffusers, for its card.

Source: diffusers' documentation of `load_lora_weights` and `load_textual_inversion` (SDXL's two text encoders are given
their vectors one by one).
"""

from __future__ import annotations

from typing import Literal

Layout = Literal["lora", "concept", "two encoders"]
"""How its file is loaded: by its name; as `learned_embeds.safetensors`; as `clip_l` and `clip_g`."""


def diffusers_code(layout: Layout, *, base: str, repository: str, word: str, prompt: str) -> list[str]:
    """The lines.

    Args:
        layout: how its file is loaded.
        base: the checkpoint's id or path.
        repository: USER/NAME.
        word: the file's name without its ending, which an embedding is called by.
        prompt: to draw from.
    """
    file = f"{word}.safetensors"
    head = ["import torch", "from diffusers import AutoPipelineForText2Image"]
    load: list[str]
    if layout == "lora":
        load = [f"pipe.load_lora_weights({repository!r}, weight_name={file!r})"]
    elif layout == "concept":
        load = [f"pipe.load_textual_inversion({repository!r})"]
    else:
        head += ["from huggingface_hub import hf_hub_download", "from safetensors.torch import load_file"]
        load = [f"vectors = load_file(hf_hub_download({repository!r}, {file!r}))"]
        for key, end in (("clip_l", ""), ("clip_g", "_2")):
            of = f"text_encoder=pipe.text_encoder{end}, tokenizer=pipe.tokenizer{end}"
            load.append(f'pipe.load_textual_inversion(vectors["{key}"], token={word!r}, {of})')
    pipe = f'pipe = AutoPipelineForText2Image.from_pretrained({base!r}, torch_dtype=torch.float16).to("cuda")'
    return [*head, "", pipe, *load, f"image = pipe({prompt!r}).images[0]"]
