"""The keys of LoRAs on checkpoints of the true shapes, in the hosts' own loaders, taken out of their sources."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.ml.needs import skip_without_models

skip_without_models("diffusers", "transformers")

from lib_bootcamp.core.networks.names import canonical, file_stems  # noqa: E402
from lib_bootcamp.ml.runtime.torchvision_guard import import_torchvision  # noqa: E402
from lib_bootcamp.ml.training.adapters import targets_of  # noqa: E402
from tests.core.networks.unets import UNETS  # noqa: E402
from tests.webui.conftest import environment  # noqa: E402

torch: Any = pytest.importorskip("torch")
KINDS = ("sd1", "sd2", "sdxl")
TEXTS = {"sd1": [(768, 12)], "sd2": [(1024, 23)], "sdxl": [(768, 12), (1280, 32)]}
SCRIPT = Path(__file__).resolve().with_name("loaders_of_hosts.py")


def stems_of(kind: str, convolutions: int) -> list[str]:
    """What the modules that a LoCon, or a LoRA, teaches are called in its file."""
    import_torchvision()
    from diffusers import UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    with torch.device("meta"):
        parts: dict[str, Any] = {"unet": UNet2DConditionModel.from_config(UNETS[kind])}
        for name, (width, layers) in zip(("text_encoder", "text_encoder_2"), TEXTS[kind], strict=False):
            config = CLIPTextConfig(hidden_size=width, intermediate_size=4 * width, num_hidden_layers=layers)
            parts[name] = CLIPTextModel(config)
    modules = [
        canonical(part, path)  # type: ignore[arg-type]
        for part, module in parts.items()
        for path in targets_of(part, module, convolutions=convolutions)
    ]
    return list(file_stems(modules, dict(parts["unet"].config)).values())


@pytest.fixture(scope="module")
def stems() -> dict[str, list[str]]:
    return {kind: stems_of(kind, 16) for kind in KINDS}


@pytest.fixture(scope="module")
def asked(webui_dir: Path, stems: dict[str, list[str]], tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """What A1111 found, and the names in its UNets."""
    folder = tmp_path_factory.mktemp("keys")
    keys, names = folder / "keys.json", folder / "names.json"
    keys.write_text(json.dumps(stems), "utf-8")
    python = os.environ.get("WEBUI_PYTHON") or str(webui_dir / "venv" / "bin" / "python")
    return SimpleNamespace(keys=keys, names=names, a1111=answer(python, webui_dir, "a1111", keys, names))


def answer(python: str, folder: Path, host: str, keys: Path, names: Path) -> Any:
    command = [python, str(SCRIPT), host, str(keys), str(names)]
    made = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr[-3000:]
    return json.loads(made.stdout.splitlines()[-1])


@pytest.mark.parametrize("kind", KINDS)
def test_a1111_finds_a_module_for_each_key(asked: SimpleNamespace, stems: dict[str, list[str]], kind: str) -> None:
    assert asked.a1111[kind] == {"left": [], "modules": len(stems[kind]), "whole": True}


@pytest.mark.parametrize("kind", KINDS)
def test_forge_finds_a_weight_for_each_key(asked: SimpleNamespace, stems: dict[str, list[str]], kind: str) -> None:
    if "FORGE_DIR" not in os.environ:
        pytest.skip("FORGE_DIR names no Forge")
    forge = Path(os.environ["FORGE_DIR"])
    python = os.environ.get("FORGE_PYTHON") or str(forge / "venv" / "bin" / "python")
    found = answer(python, forge, "forge", asked.keys, asked.names)
    assert found[kind] == {"left": [], "modules": len(stems[kind]), "whole": True}


@pytest.mark.parametrize("kind", KINDS)
def test_diffusers_finds_a_module_for_each_key(stems: dict[str, list[str]], kind: str) -> None:
    from diffusers import StableDiffusionPipeline, StableDiffusionXLPipeline, UNet2DConditionModel
    from diffusers.utils import convert_state_dict_to_peft, convert_unet_state_dict_to_peft

    with torch.device("meta"):
        unet = UNet2DConditionModel.from_config(UNETS[kind])
    pipeline = StableDiffusionXLPipeline if kind == "sdxl" else StableDiffusionPipeline
    factor = torch.ones(1, 1)
    keys = {
        f"{stem}.{part}": torch.tensor(1.0) if part == "alpha" else factor
        for stem in stems[kind]
        for part in ("lora_down.weight", "lora_up.weight", "alpha")
    }
    read, alphas = pipeline.lora_state_dict(keys, unet_config=unet.config)
    of_unet = {key.removeprefix("unet."): value for key, value in read.items() if key.startswith("unet.")}
    of_texts = convert_state_dict_to_peft({key: value for key, value in read.items() if not key.startswith("unet.")})
    taught = {key.partition(".lora_")[0] for key in convert_unet_state_dict_to_peft(of_unet)}
    assert taught == set(targets_of("unet", unet, convolutions=16))
    assert len(taught) + len({key.partition(".lora_")[0] for key in of_texts}) == len(stems[kind])
    assert len(alphas) == len(stems[kind])
