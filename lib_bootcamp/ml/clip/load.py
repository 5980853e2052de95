"""CLIP models from a name: the embedded one, open_clip's, the hub's, or a person's own files (safetensors only)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from lib_bootcamp.core.files.folders import is_file, is_folder
from lib_bootcamp.core.files.regular import MAX_TEXT_BYTES, read_regular, unreadable_in
from lib_bootcamp.core.models.files import EMBEDDED, MODELS, shown_name, split_architecture
from lib_bootcamp.core.models.headers import why_unreadable
from lib_bootcamp.errors import MissingPackageError, ModelError, first_line
from lib_bootcamp.ml.runtime.quiet import quiet_log
from lib_bootcamp.ml.runtime.torchvision_guard import import_torchvision

from .pictures import Preprocessing

MINI = MODELS / "mini-clip"
CONFIG = "open_clip_config.json"
WEIGHTS = ("open_clip_model.safetensors", "open_clip_pytorch_model.safetensors", "model.safetensors")
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
FILES = (".safetensors", *PICKLES)
HUB = "hf-hub:"
_CONVERT = "convert it with `safetensors.torch.save_file(torch.load(FILE, weights_only=True), 'model.safetensors')`"
Tokenizer = Callable[[list[str]], torch.Tensor]


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """A model of open_clip's with what belongs to it.

    Args:
        module: open_clip's `CLIP` or `CustomTextCLIP`, in evaluation mode and without gradients.
        tokenizer: texts to int [N, context length].
        preprocessing: of pictures.
    """

    module: Any
    tokenizer: Tokenizer
    preprocessing: Preprocessing


def load(spec: str, device: str, dtype: str) -> Loaded:
    """Load a CLIP model.

    Args:
        spec: `mini`; `ViT-B-32/openai` or `ViT-B-32:openai` (architecture and weights that open_clip knows);
            `hf-hub:owner/name`; a folder with open_clip_config.json and .safetensors; a .safetensors file with
            its JSON beside it; `ViT-L-14:file.safetensors` (an architecture of open_clip and a file of its weights).
        device: a torch device.
        dtype: `float32`, `float16` or `bfloat16`.

    Raises:
        MissingPackageError: open_clip is not installed.
        ModelError: the name means nothing, files are missing, do not fit or are pickles, or there is no network.
    """
    try:
        import_torchvision()
        import open_clip  # noqa: F401
    except ImportError as error:
        raise MissingPackageError("open_clip_torch", "CLIP") from error
    if spec == EMBEDDED:
        return _from_folder(MINI, device, dtype)
    path = Path(spec).expanduser()
    if is_folder(path):
        return _from_folder(path, device, dtype)
    architecture, file = split_architecture(spec)
    named = architecture != "" and Path(file).suffix in FILES
    if is_file(path) or (path.suffix in FILES and not named):
        return _from_file(path, device, dtype)
    if named:
        return _built(_known_config(architecture), {}, Path(file).expanduser(), device, dtype)
    return _from_hub(spec, device, dtype)


def _from_folder(folder: Path, device: str, dtype: str) -> Loaded:
    if why := unreadable_in(folder):
        raise ModelError(f"The model cannot be loaded: {why}", place=folder)
    if not (folder / CONFIG).is_file():
        raise ModelError(
            f"The folder {folder.name} has no {CONFIG}: put the model's own there, beside its .safetensors",
            place=folder,
        )
    found = [folder / name for name in WEIGHTS if (folder / name).is_file()]
    found += [each for each in sorted(folder.glob("*.safetensors")) if each not in found]
    if not found:
        pickles = [each.name for each in folder.iterdir() if each.suffix in PICKLES]
        if pickles:
            raise ModelError(f"{pickles[0]} is a pickle, which can run code of its maker's: {_CONVERT}", place=folder)
        raise ModelError(
            f"The folder {folder.name} has no .safetensors: put the model's weights there as {WEIGHTS[0]}", place=folder
        )
    config = _read_config(folder / CONFIG)
    return _built(config["model_cfg"], config["preprocess_cfg"], found[0], device, dtype)


def _from_file(path: Path, device: str, dtype: str) -> Loaded:
    _check_file(path)
    for beside in (path.with_suffix(".json"), path.with_name(CONFIG)):
        if beside.is_file():
            config = _read_config(beside)
            return _built(config["model_cfg"], config["preprocess_cfg"], path, device, dtype)
    raise ModelError(
        f"{path.name} does not say which model it is of: put its {CONFIG} beside it, "
        f"or write the architecture before it, like ViT-L-14:{path.name}",
        place=path,
    )


def _check_file(path: Path) -> None:
    if not is_file(path):
        raise ModelError(f"There is no file {path.name}: give the path of a .safetensors file", place=path)
    if path.suffix != ".safetensors":
        raise ModelError(
            f"{path.name} is not a .safetensors file, and a pickle can run code of its maker's: {_CONVERT}", place=path
        )


def _read_config(path: Path) -> dict[str, dict[str, Any]]:
    try:
        read = json.loads(read_regular(path, MAX_TEXT_BYTES))
        model = read.get("model_cfg", read)
        known = all(isinstance(model[name], dict) for name in ("vision_cfg", "text_cfg")) and "embed_dim" in model
    except (OSError, ValueError, AttributeError, KeyError, TypeError):
        known = False
    if not known:
        raise ModelError(
            f"{path.name} is not an open_clip configuration: it needs model_cfg with vision_cfg and text_cfg",
            place=path,
        )
    return {"model_cfg": model, "preprocess_cfg": read.get("preprocess_cfg") or {}}


def _known_config(architecture: str) -> dict[str, Any]:
    import open_clip

    config = open_clip.get_model_config(architecture)
    if config is None:
        raise ModelError(f"open_clip has no architecture {architecture!r}: {_alike(architecture, _models())}.")
    return deepcopy(dict(config))


def _models() -> Sequence[str]:
    import open_clip

    return [str(name) for name in open_clip.list_models()]


def _alike(name: str, names: Sequence[str]) -> str:
    import difflib

    near = difflib.get_close_matches(name, names, 4, 0.4) or list(names)[:6]
    return f"give one like {', '.join(near)}" if near else "give another"


def _built(
    model_config: Mapping[str, Any], preprocess: Mapping[str, Any], weights: Path, device: str, dtype: str
) -> Loaded:
    """Build the module and fill it from a .safetensors file."""
    from open_clip.model import CLIP, CustomTextCLIP, get_cast_dtype

    _check_file(weights)
    config = deepcopy(dict(model_config))
    vision, text = config["vision_cfg"], config["text_cfg"]
    # Nothing is fetched for a tower whose weights are in the file.
    vision.update({"timm_model_pretrained": False} if "timm_model_name" in vision else {})
    text.update({"hf_model_pretrained": False} if "hf_model_name" in text else {})
    custom = config.pop("custom_text", False) or "hf_model_name" in text
    if "multimodal_cfg" in config:
        from open_clip.coca_model import CoCa as Kind
    else:
        Kind = CustomTextCLIP if custom else CLIP
    cast = get_cast_dtype({"float16": "fp16", "bfloat16": "bf16"}.get(dtype, "fp32"))
    try:
        with quiet_log():
            module = Kind(**config, cast_dtype=cast)
    except (TypeError, ValueError, KeyError, RuntimeError, AssertionError, OSError) as error:
        raise ModelError(f"The configuration beside {weights} cannot be built: {first_line(error)}.") from error
    _fill(module, weights)
    _to_precision(module, device, dtype)
    return Loaded(
        module=_frozen(module),
        tokenizer=_tokenizer(text, weights.parent),
        preprocessing=Preprocessing.from_config(preprocess, module.visual.image_size),
    )


def _fill(module: Any, path: Path) -> None:
    """As open_clip's `load_checkpoint`, for .safetensors only, which its older versions do not read."""
    from open_clip import factory, model
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        values = load_file(path)
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path.name} {why_unreadable(path)}", place=path) from error
    convert = getattr(factory, "convert_state_dict", None)
    if convert is not None:
        values = convert(module, values)
    if "positional_embedding" in values and not hasattr(module, "positional_embedding"):
        values = model.convert_to_custom_text_state_dict(values)
    for name in ("logit_scale", "logit_bias"):
        if name in values and getattr(module, name, None) is not None:
            values[name] = values[name].reshape(getattr(module, name).shape)
    if "logit_bias" not in values and getattr(module, "logit_bias", None) is not None:
        values["logit_bias"] = torch.zeros_like(module.logit_bias)
    names = set(module.state_dict())
    values = {name: value for name, value in values.items() if name in names or not name.endswith("position_ids")}
    try:
        model.resize_pos_embed(values, module)
        module.load_state_dict(values)
    except (RuntimeError, KeyError) as error:
        raise ModelError(
            f"The weights in {path.name} are not those of their configuration: {_misfit(values, names)}", place=path
        ) from error


def _misfit(values: Mapping[str, Any], names: set[str]) -> str:
    missing, unknown = sorted(names - set(values)), sorted(set(values) - names)
    if "text_model.embeddings.token_embedding.weight" in values:
        return "they have the layout of transformers, and open_clip's is needed"
    if not missing and not unknown:
        return "their shapes differ"
    return f"{len(missing)} are missing, {len(unknown)} are unknown, the first {(missing or unknown)[0]}"


def _to_precision(module: Any, device: str, dtype: str) -> None:
    """As open_clip's `create_model`: layer norms stay in single precision."""
    from open_clip.model import convert_weights_to_lp
    from open_clip.transformer import LayerNormFp32

    if dtype != "float32":
        low = getattr(torch, dtype)
        if type(module.visual).__name__ == "TimmModel":
            module.to(dtype=low)
            for each in module.modules():
                if isinstance(each, LayerNormFp32):
                    each.float()
        else:
            convert_weights_to_lp(module, dtype=low)
    module.to(device=device)


def _tokenizer(text: Mapping[str, Any], folder: Path) -> Tokenizer:
    import open_clip
    from open_clip.tokenizer import HFTokenizer

    length = int(text.get("context_length", 77))
    name = text.get("hf_tokenizer_name")
    if not name:

        def tokenize(texts: list[str]) -> torch.Tensor:
            tokens: torch.Tensor = open_clip.tokenize(texts, context_length=length)
            return tokens

        return tokenize
    here = (folder / "tokenizer.json").is_file() or (folder / "tokenizer_config.json").is_file()
    try:
        made = HFTokenizer(str(folder) if here else name, **(text.get("tokenizer_kwargs") or {}))
    except (OSError, ValueError, ImportError) as error:
        raise ModelError(
            f"The model's tokenizer {name} is not here and cannot be fetched: "
            "put its tokenizer.json and tokenizer_config.json beside the model",
            place=folder,
        ) from error
    return lambda texts: made(texts, context_length=length)


def _from_hub(spec: str, device: str, dtype: str) -> Loaded:
    """Through open_clip, which fetches what is not in its cache."""
    import open_clip
    from open_clip.pretrained import get_pretrained_cfg

    name, tag = (spec, None) if spec.startswith(HUB) else _pair(spec)
    options: dict[str, Any] = {}
    if tag is not None:
        # OpenAI's weights and some of LAION's were trained with another activation than the name says.
        options["force_quick_gelu"] = bool(get_pretrained_cfg(name, tag).get("quick_gelu")) or name.endswith(
            "quickgelu"
        )
    precision = {"float16": "fp16", "bfloat16": "bf16"}.get(dtype, "fp32")
    try:
        with quiet_log():
            module = open_clip.create_model(name, pretrained=tag, precision=precision, device=device, **options)
            tokenizer = open_clip.get_tokenizer(name)
    except Exception as error:
        raise ModelError(
            f"The CLIP model {shown_name(spec)} is not here and cannot be fetched ({first_line(error)}): "
            f"without a network put its {CONFIG} and {WEIGHTS[0]} into a folder and give that folder."
        ) from error
    visual = module.visual
    config = getattr(visual, "preprocess_cfg", None) or {
        "mean": getattr(visual, "image_mean", None),
        "std": getattr(visual, "image_std", None),
    }
    return Loaded(
        module=_frozen(module),
        tokenizer=lambda texts: tokenizer(texts),
        preprocessing=Preprocessing.from_config(config, visual.image_size),
    )


def _pair(spec: str) -> tuple[str, str]:
    """`ViT-B-32/openai` or `ViT-B-32:openai` as names that open_clip has."""
    import open_clip

    separator = ":" if ":" in spec else "/"
    name, _, tag = spec.rpartition(separator)
    name = (name or spec).replace("/", "-")
    if name not in open_clip.list_models():
        raise ModelError(
            f"There is no CLIP model {shown_name(spec)!r}: "
            "give mini, a folder, a .safetensors file or architecture/weights",
            hint=f"{_alike(name, _models())}.",
        )
    tags = [str(each) for each in open_clip.list_pretrained_tags_by_model(name)]
    if tag not in tags:
        raise ModelError(f"open_clip has no weights {shown_name(tag)!r} for {name}: {_alike(tag, tags)}.")
    return name, tag


def _frozen(module: Any) -> Any:
    return module.eval().requires_grad_(requires_grad=False)
