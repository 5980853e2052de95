"""What a LoRA file states of its training: `ss_*`, `sshs_*` and `modelspec.*`, all of them texts.

Sources: kohya-ss/sd-scripts `train_network.py` and `sai_model_spec.py`; what A1111 reads of it is in its
`extensions-builtin/Lora/network.py` (`ss_base_model_version`, `ss_v2`, `ss_output_name`, `sshs_model_hash`) and in
`ui_edit_user_metadata.py` (`ss_tag_frequency`, `ss_dataset_dirs`, `ss_bucket_info`). Stability AI's ModelSpec 1.0.1.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Literal

from .container import head_of, legacy_hash, model_hash, with_metadata

LoraBase = Literal["sd_v1", "sd_v2", "sd_v2_v", "sdxl_base_v1-0"]
"""`ss_base_model_version`: A1111 hides a file that states another kind than the loaded checkpoint's."""
ARCHITECTURES: dict[str, str] = {
    "sd_v1": "stable-diffusion-v1",
    "sd_v2": "stable-diffusion-v2-512",
    "sd_v2_v": "stable-diffusion-v2-768-v",
    "sdxl_base_v1-0": "stable-diffusion-xl-v1-base",
}
MODELSPEC = "1.0.1"


@dataclass(frozen=True, kw_only=True)
class LoraFacts:
    """What is known of a LoRA; what is None or empty is left out of its file.

    Args:
        output_name: how prompts may call it beside its file's name; each kept checkpoint of a training has its own.
        base: the kind of checkpoint it is for.
        kind: what it is, as ModelSpec names it.
        rank, alpha: of the linear layers; the scale is alpha / rank.
        network_module: what trained it, as sd-scripts names its own.
        network_args: further facts of the network (`conv_dim`, `algo`), values as texts.
        checkpoint, checkpoint_sha256, checkpoint_hash: the base's file name, its SHA-256, and its 8 digits of old.
        vae, vae_sha256: of a VAE beside it.
        clip_skip: layers of the text encoder that were left out.
        resolution: width and height in pixels.
        seed, session: of the training.
        started, finished: seconds since 1970.
        steps, max_steps, epoch, epochs: how far it got, and how far it was meant to.
        images, reg_images: pictures of a concept, and of its class.
        batch_size, accumulation: pictures in a step.
        unet_rate, text_rate: learning rates.
        optimizer, scheduler: their names.
        min_snr, noise_offset: of the loss and the noise.
        buckets: `WxH` to how many pictures it held.
        dataset_dirs: folder to (repeats, pictures).
        tags: folder to how often each tag or caption is there.
        title, description, author, license, trigger: for people; `trigger` is what to write into a prompt.
        merged_from: names of the files it was merged from.
        thumbnail: a data URL.
        more: further keys (`bootcamp.*`), which win over those above.
    """

    output_name: str
    base: LoraBase = "sd_v1"
    kind: Literal["lora", "textual-inversion", "checkpoint"] = "lora"
    rank: int | None = None
    alpha: float | None = None
    network_module: str = "networks.lora"
    network_args: Mapping[str, str] = field(default_factory=dict)
    checkpoint: str = ""
    checkpoint_sha256: str = ""
    checkpoint_hash: str = ""
    vae: str = ""
    vae_sha256: str = ""
    clip_skip: int | None = None
    resolution: tuple[int, int] | None = None
    seed: int | None = None
    session: int | None = None
    started: float | None = None
    finished: float | None = None
    steps: int | None = None
    max_steps: int | None = None
    epoch: int | None = None
    epochs: int | None = None
    images: int | None = None
    reg_images: int | None = None
    batch_size: int | None = None
    accumulation: int | None = None
    unet_rate: float | None = None
    text_rate: float | None = None
    optimizer: str = ""
    scheduler: str = ""
    min_snr: float | None = None
    noise_offset: float | None = None
    buckets: Mapping[str, int] = field(default_factory=dict)
    dataset_dirs: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    tags: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    title: str = ""
    description: str = ""
    author: str = ""
    license: str = ""
    trigger: str = ""
    merged_from: tuple[str, ...] = ()
    thumbnail: str = ""
    more: Mapping[str, str] = field(default_factory=dict)


PLAIN: dict[str, str] = {
    "ss_output_name": "output_name",
    "ss_base_model_version": "base",
    "ss_network_module": "network_module",
    "ss_network_dim": "rank",
    "ss_network_alpha": "alpha",
    "ss_sd_model_name": "checkpoint",
    "ss_sd_model_hash": "checkpoint_hash",
    "ss_new_sd_model_hash": "checkpoint_sha256",
    "ss_vae_name": "vae",
    "ss_new_vae_hash": "vae_sha256",
    "ss_clip_skip": "clip_skip",
    "ss_seed": "seed",
    "ss_session_id": "session",
    "ss_training_started_at": "started",
    "ss_training_finished_at": "finished",
    "ss_steps": "steps",
    "ss_max_train_steps": "max_steps",
    "ss_epoch": "epoch",
    "ss_num_epochs": "epochs",
    "ss_num_train_images": "images",
    "ss_num_reg_images": "reg_images",
    "ss_batch_size_per_device": "batch_size",
    "ss_gradient_accumulation_steps": "accumulation",
    "ss_unet_lr": "unet_rate",
    "ss_text_encoder_lr": "text_rate",
    "ss_optimizer": "optimizer",
    "ss_lr_scheduler": "scheduler",
    "ss_min_snr_gamma": "min_snr",
    "ss_noise_offset": "noise_offset",
    "modelspec.description": "description",
    "modelspec.author": "author",
    "modelspec.license": "license",
    "modelspec.trigger_phrase": "trigger",
    "modelspec.thumbnail": "thumbnail",
}
"""Keys whose value is a field's, as a text."""


def metadata_of(facts: LoraFacts, *, model_hash: str, legacy_hash: str) -> dict[str, str]:
    """The metadata to write.

    Args:
        facts: what is known.
        model_hash: `container.model_hash` of the file.
        legacy_hash: `container.legacy_hash` of the file.
    Returns:
        key to value, texts all of them.
    """
    made = {key: str(getattr(facts, name)) for key, name in PLAIN.items() if getattr(facts, name) not in (None, "")}
    made["ss_v2"] = str(facts.base.startswith("sd_v2"))
    made |= {"sshs_model_hash": model_hash, "sshs_legacy_hash": legacy_hash}
    if facts.resolution is not None:
        made["ss_resolution"] = f"({facts.resolution[0]}, {facts.resolution[1]})"
    objects = {"ss_network_args": dict(facts.network_args), "ss_bucket_info": _bucket_info(facts)}
    objects["ss_dataset_dirs"] = {
        name: {"n_repeats": repeats, "img_count": count} for name, (repeats, count) in facts.dataset_dirs.items()
    }
    objects["ss_tag_frequency"] = {name: dict(tags) for name, tags in facts.tags.items()}
    made |= {key: json.dumps(value, ensure_ascii=False) for key, value in objects.items() if value}
    return {**made, **_modelspec(facts, model_hash), **facts.more}


def with_facts(bare: bytes, facts: LoraFacts) -> bytes:
    """A file with its metadata and hashes.

    Args:
        bare: a whole safetensors file without metadata.
        facts: what is known of it.
    """
    whole = model_hash(bare)
    stated = metadata_of(facts, model_hash=whole, legacy_hash="")
    of_training = {key: value for key, value in stated.items() if key.startswith("ss_")}
    legacy = legacy_hash(with_metadata(head_of(bare), of_training))
    return with_metadata(bare, metadata_of(facts, model_hash=whole, legacy_hash=legacy))


def _bucket_info(facts: LoraFacts) -> dict[str, Any]:
    sizes = [(tuple(map(int, size.split("x"))), count) for size, count in facts.buckets.items()]
    buckets = {str(at): {"resolution": list(size), "count": count} for at, (size, count) in enumerate(sizes)}
    return {"buckets": buckets} if buckets else {}


def _modelspec(facts: LoraFacts, model_hash: str) -> dict[str, str]:
    made = {
        "modelspec.sai_model_spec": MODELSPEC,
        "modelspec.architecture": ARCHITECTURES[facts.base] + (f"/{facts.kind}" if facts.kind != "checkpoint" else ""),
        "modelspec.implementation": "diffusers",
        "modelspec.title": facts.title or facts.output_name,
        "modelspec.prediction_type": "v" if facts.base == "sd_v2_v" else "epsilon",
        "modelspec.hash_sha256": f"0x{model_hash}",
    }
    if facts.finished is not None:
        made["modelspec.date"] = datetime.fromtimestamp(facts.finished, timezone.utc).isoformat(timespec="seconds")
    if facts.resolution is not None:
        made["modelspec.resolution"] = f"{facts.resolution[0]}x{facts.resolution[1]}"
    if facts.merged_from:
        made["modelspec.merged_from"] = ", ".join(facts.merged_from)
    return made
