"""The model card of a training's file: README.md as the hub of models reads it.

Sources: huggingface.co/docs/hub/model-cards (the front matter: `base_model`, `instance_prompt`, `widget`,
`license_name`); diffusers' own trainers (`train_dreambooth_lora.py`, `textual_inversion.py`: the tags). All that a file
states is somebody else's text: it is shown, and never obeyed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from lib_bootcamp.core.networks.known_bases import checkpoint_name
from lib_bootcamp.core.networks.licenses import hub_license
from lib_bootcamp.core.networks.metadata import LoraFacts
from lib_bootcamp.core.text.markdown import code, fenced, paragraphs, plain, prose, table

from .card_code import Layout, diffusers_code

MOST_WORDS = 12
NOBODY = "Nobody states the license of what it was made from."
_FAMILIES: dict[str, tuple[str, str]] = {
    "sd_v1": ("Stable Diffusion 1", "stable-diffusion"),
    "sd_v2": ("Stable Diffusion 2", "stable-diffusion"),
    "sd_v2_v": ("Stable Diffusion 2 (v)", "stable-diffusion"),
    "sdxl_base_v1-0": ("Stable Diffusion XL", "stable-diffusion-xl"),
}
_TAGS = {"lora": ("lora", "template:sd-lora"), "embedding": ("textual_inversion",)}


@dataclass(frozen=True, kw_only=True)
class CardSample:
    """A picture that the training drew.

    Args:
        path: in the repository.
        prompt: that it was drawn from; empty where that is not known.
        step: after which.
    """

    path: str
    prompt: str
    step: int


@dataclass(frozen=True, kw_only=True)
class Card:
    """What a model card says.

    Args:
        name: of the file without its ending.
        kind: what it is.
        layout: how diffusers loads it.
        facts: what its metadata state.
        is_known: whether it has metadata: else its base is not known either.
        tensors_hash: `container.model_hash` of it.
        repository: USER/NAME; empty where it is not known yet.
        base: the id of its base on the hub; empty where that is not known.
        license: as it is stated; empty where nobody does.
        stated: who states which license.
        warnings: sentences about licenses.
        about: what its maker says of it.
        samples: pictures that the training drew.
        pictures: how many training pictures are shared too.
    """

    name: str
    kind: Literal["lora", "embedding"]
    layout: Layout
    facts: LoraFacts
    is_known: bool = True
    tensors_hash: str = ""
    repository: str = ""
    base: str = ""
    license: str = ""
    stated: Mapping[str, str] = field(default_factory=dict)
    warnings: Sequence[str] = ()
    about: str = ""
    samples: Sequence[CardSample] = ()
    pictures: int = 0

    @property
    def method(self) -> str:
        """LoRA, LoCon, DoRA, embedding, or what another trainer calls it."""
        if self.kind == "embedding":
            return "embedding"
        arguments = self.facts.network_args
        if arguments.get("dora_wd") == "True":
            return "DoRA"
        if "lycoris" in self.facts.network_module:
            return "LyCORIS"
        return "LoCon" if arguments.get("conv_dim") else "LoRA"

    @property
    def trigger(self) -> str:
        """What to write into a prompt; empty where nobody states it."""
        return plain(self.name if self.kind == "embedding" else self.facts.trigger)

    def front(self) -> dict[str, Any]:
        """The front matter's values, for a library to write as YAML."""
        family = [_FAMILIES[self.facts.base][1]] if self.is_known else []
        made: dict[str, Any] = {"library_name": "diffusers", "pipeline_tag": "text-to-image"}
        made["tags"] = ["text-to-image", *family, "diffusers", *_TAGS[self.kind]]
        if self.base:
            made["base_model"] = self.base
        if self.license:
            known = hub_license(self.license)
            made |= {"license": known} if known else {"license": "other", "license_name": plain(self.license, 100)}
        if self.trigger:
            made["instance_prompt"] = self.trigger
        if shown := [each for each in self.samples if each.prompt]:
            made["widget"] = [{"text": plain(each.prompt, 500), "output": {"url": each.path}} for each in shown]
        return made

    def body(self) -> str:
        """The text below the front matter, as Markdown."""
        parts = [f"# {prose(self.name)}", paragraphs(self.about), self._what(), "## Use it", *self._use()]
        if self.samples:
            parts += ["## Samples", "Drawn by the training itself, with what it had learned.", *self._samples()]
        parts += ["## Training", table(("setting", "value"), self._settings()), *self._learned_from(), "## License"]
        parts += [*self._license(), "Made with sd-webui-bootcamp."]
        return "\n\n".join(filter(None, parts)) + "\n"

    @property
    def _checkpoint(self) -> str:
        return plain(checkpoint_name(self.facts.checkpoint))

    @property
    def _number(self) -> int | None:
        """Of its pictures."""
        return sum(count for _, count in self.facts.dataset_dirs.values()) or self.facts.images

    def _what(self) -> str:
        family = f" for {_FAMILIES[self.facts.base][0]}" if self.is_known else ""
        on = f", trained on {prose(self._checkpoint)}" if self._checkpoint else ""
        of = f" with {self._number:,} picture{'s' * (self._number > 1)}" if self._number else ""
        steps = f" in {self.facts.steps:,} step{'s' * (self.facts.steps > 1)}" if self.facts.steps else ""
        return f"{'An' if self.kind == 'embedding' else 'A'} {self.method}{family}{on}{of}{steps}."

    def _use(self) -> list[str]:
        call, place = (
            (self.name, "embeddings") if self.kind == "embedding" else (f"<lora:{self.name}:1>", "models/Lora")
        )
        put = f"put {code(f'{self.name}.safetensors')} into `{place}` and write {code(call)} into the prompt."
        trigger = [f"Trigger words: {code(self.trigger)}"] if self.trigger else []
        return [*trigger, f"In a WebUI (A1111, Forge): {put}", self._in_diffusers()]

    def _in_diffusers(self) -> str:
        if self.method in {"DoRA", "LyCORIS"}:
            return f"Not every version of diffusers reads a {self.method} with these names."
        lines = diffusers_code(
            self.layout,
            base=self.base or f"path/to/{self._checkpoint or 'its-checkpoint'}",
            repository=self.repository or "USER/NAME",
            word=plain(self.name),
            prompt=self.trigger or "a prompt",
        )
        return f"In diffusers:\n\n{fenced(lines, 'python')}"

    def _samples(self) -> list[str]:
        return [f"![step {each.step}]({each.path})\n\n{prose(each.prompt, 500)}".strip() for each in self.samples]

    def _settings(self) -> list[tuple[str, str]]:
        facts = self.facts
        rows: list[tuple[str, Any]] = [
            ("method", self.method),
            ("rank", facts.rank),
            ("alpha", facts.alpha),
            ("rank of convolutions", facts.network_args.get("conv_dim")),
            ("steps", facts.steps),
            ("steps planned", facts.max_steps if facts.max_steps != facts.steps else None),
            ("epochs", facts.epoch),
            ("pictures", self._number),
            ("class pictures", facts.reg_images),
            ("resolution", f"{facts.resolution[0]} x {facts.resolution[1]} px" if facts.resolution else None),
            ("batch", facts.batch_size),
            ("accumulation", facts.accumulation if facts.accumulation != 1 else None),
            ("rate of the UNet", facts.unet_rate),
            ("rate of the text encoder", facts.text_rate or None),
            ("optimizer", facts.optimizer),
            ("schedule", facts.scheduler),
            ("min-SNR gamma", facts.min_snr),
            ("noise offset", facts.noise_offset),
            ("clip skip", facts.clip_skip),
            ("seed", facts.seed),
            ("merged from", ", ".join(facts.merged_from)),
            ("SHA-256 of the checkpoint", facts.checkpoint_sha256),
            ("SHA-256 of the tensors", self.tensors_hash),
        ]
        return [
            (name, f"{value:g}" if isinstance(value, float) else str(value))
            for name, value in rows
            if value is not None and value != ""
        ]

    def _learned_from(self) -> list[str]:
        counted: Counter[str] = Counter()
        for tags in self.facts.tags.values():
            counted.update(tags)
        common = [f"{prose(tag, 60)} ({count:,})" for tag, count in counted.most_common(MOST_WORDS) if tag.strip()]
        words = [f"Most common in its captions: {', '.join(common)}."] if common else []
        shared = [f"{self.pictures:,} of its training pictures are in `concept_images`."] if self.pictures else []
        return words + shared

    def _license(self) -> list[str]:
        lines = [f"{prose(text)}, stated by {prose(who)}." for who, text in self.stated.items() if text]
        return [*(lines or [NOBODY]), *map(prose, self.warnings)]
