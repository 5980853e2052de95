"""Run by a WebUI's own Python in its folder: which keys of LoRA files its own loader finds modules for.

`loaders_of_hosts.py a1111|forge KEYS`: KEYS is JSON, for `sd1`, `sd2` and `sdxl` the names of modules as files have
them. Prints, as JSON, those that find none, and how many different modules the others find. The checkpoints are of
their true shapes and have no weights.
"""

import ast
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import torch  # noqa: TID253 - the WebUI's own

HERE = Path.cwd()
CONFIGS = {
    "sd1": "configs/v1-inference.yaml",
    "sd2": "repositories/stable-diffusion-stability-ai/configs/stable-diffusion/v2-inference-v.yaml",
    "sdxl": "repositories/generative-models/configs/inference/sd_xl_base.yaml",
}
OPEN_CLIP = {"sd2": "ViT-H-14", "sdxl": "ViT-bigG-14"}
PARTS = (".lora_down.weight", ".lora_up.weight", ".alpha")


def unet(kind):
    """LDM's UNet."""
    from omegaconf import OmegaConf

    if kind == "sdxl":
        from sgm.modules.diffusionmodules.openaimodel import UNetModel
    else:
        from ldm.modules.diffusionmodules.openaimodel import UNetModel
    stated = OmegaConf.load(HERE / CONFIGS[kind]).model.params
    params = OmegaConf.to_container((stated.network_config if kind == "sdxl" else stated.unet_config).params)
    with torch.device("meta"):
        return UNetModel(**params)


def clip_l():
    """The text encoder of Stable Diffusion 1, as LDM has it."""
    from transformers import CLIPTextConfig, CLIPTextModel

    config = CLIPTextConfig(hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12)
    holder = torch.nn.Module()
    with torch.device("meta"):
        holder.transformer = CLIPTextModel(config)
    return holder


def open_clip(kind):
    """The other text encoder."""
    import open_clip

    holder = torch.nn.Module()
    with torch.device("meta"):
        holder.model = open_clip.create_model(OPEN_CLIP[kind], device="meta")
    del holder.model.visual
    return holder


def a1111(kind, stems):
    """What `load_network` of the built-in Lora extension leaves over, and what it finds."""
    source = HERE / "extensions-builtin" / "Lora" / "networks.py"
    taken = ("convert_diffusers_name_to_compvis", "assign_network_names_to_compvis_modules", "load_network")
    body = []
    for each in ast.parse(source.read_text("utf-8")).body:
        is_function = isinstance(each, ast.FunctionDef) and each.name in taken
        is_table = isinstance(each, ast.Assign) and getattr(each.targets[0], "id", "").startswith(("re_", "suffix_"))
        if is_function or is_table:
            body.append(each)
    diffusion = torch.nn.Module()
    diffusion.diffusion_model = unet(kind)
    model = SimpleNamespace(model=diffusion, is_sdxl=kind == "sdxl")
    if kind == "sdxl":
        embedders = [SimpleNamespace(wrapped=clip_l()), SimpleNamespace(wrapped=open_clip(kind))]
        model.conditioner = SimpleNamespace(embedders=embedders)
    else:
        model.cond_stage_model = clip_l() if kind == "sd1" else open_clip(kind)
    keys = {stem + part: None for stem in stems for part in PARTS}
    names = {"model": model}
    found = {}
    around = {
        "re": __import__("re"),
        "os": SimpleNamespace(path=SimpleNamespace(getmtime=lambda _: 0)),
        "logging": SimpleNamespace(debug=lambda text: found.update(left=text)),
        "shared": SimpleNamespace(sd_model=names["model"]),
        "sd_models": SimpleNamespace(read_state_dict=lambda _: keys),
        "network": SimpleNamespace(
            Network=lambda name, _: SimpleNamespace(name=name, modules={}),
            NetworkWeights=lambda **given: SimpleNamespace(**given),
        ),
        "module_types": [SimpleNamespace(create_module=lambda _, weights: weights)],
        "textual_inversion": None,
    }
    exec(compile(ast.Module(body, []), str(source), "exec"), around)
    around["assign_network_names_to_compvis_modules"](model)
    net = around["load_network"]("name", SimpleNamespace(filename="file"))
    matched = {each.network_key.partition(".")[0] for each in net.modules.values()}
    whole = all(len(each.w) == len(PARTS) for each in net.modules.values())
    return {"left": sorted(set(stems) - matched), "modules": len(net.modules), "whole": whole}


def forge(kind, stems, names_file):
    """What Forge's `load_lora` leaves over of a file, and how many weights it patches."""
    import huggingface_guess.detection as detection
    from backend.patcher import lora

    class Holder(SimpleNamespace):
        def state_dict(self):
            return self.names

    # its UNet has LDM's names: those that were listed by the other WebUI
    shapes = json.loads(Path(names_file).read_text("utf-8"))[kind]
    weights = {f"model.diffusion_model.{name}": torch.empty(shape, device="meta") for name, shape in shapes.items()}
    config = detection.model_config_from_unet(weights, "model.diffusion_model.")
    names = dict.fromkeys(f"diffusion_model.{name}" for name in shapes)
    model = Holder(names=names, diffusion_model=SimpleNamespace(config=config.unet_config), config=config)
    key_map = lora.model_lora_keys_unet(model, {})
    layers = {"clip_l": 12} if kind == "sd1" else {"clip_h": 24} if kind == "sd2" else {"clip_l": 12, "clip_g": 32}
    inside = [f"self_attn.{each}_proj" for each in ("q", "k", "v", "out")] + ["mlp.fc1", "mlp.fc2"]
    texts = {
        f"{part}.transformer.text_model.encoder.layers.{at}.{each}.weight": None
        for part, count in layers.items()
        for at in range(count)
        for each in inside
    }
    key_map = lora.model_lora_keys_clip(Holder(names=texts), key_map)
    factor = torch.ones(1, 1)
    keys = {stem + part: torch.tensor(1.0) if part == ".alpha" else factor for stem in stems for part in PARTS}
    patches, rest = lora.load_lora(keys, key_map)
    known = {*names, *texts}
    return {"left": sorted(rest), "modules": len(patches), "whole": set(patches) <= known}


if __name__ == "__main__":
    host = sys.argv[1]
    parts = [HERE / "packages_3rdparty", *(HERE / "repositories").iterdir()]
    sys.path[:0] = [str(HERE), *map(str, parts)]
    given = json.loads(Path(sys.argv[2]).read_text("utf-8"))
    if host == "a1111":
        made = {kind: a1111(kind, stems) for kind, stems in given.items()}
        listed = {kind: {name: list(value.shape) for name, value in unet(kind).state_dict().items()} for kind in given}
        Path(sys.argv[3]).write_text(json.dumps(listed), "utf-8")
    else:
        names_file, sys.argv[1:] = sys.argv[3], ["--always-cpu"]  # Forge reads them too
        made = {kind: forge(kind, stems, names_file) for kind, stems in given.items()}
    sys.stdout.write("\n" + json.dumps(made) + "\n")
