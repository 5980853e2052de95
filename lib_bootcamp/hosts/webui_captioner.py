"""The BLIP of the WebUI's own Interrogate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lib_bootcamp.errors import ModelError, first_line
from lib_bootcamp.ports import HostCaptioner


class WebuiCaptioner:
    """The part of a WebUI's host that puts a picture into a sentence."""

    _webui: Callable[[str], Any]

    def captioner(self) -> HostCaptioner | None:
        """The BLIP of the WebUI's own Interrogate, in one copy with it."""
        return HostCaptioner(is_here=self._has_blip(), caption=self._caption)

    def _has_blip(self) -> bool:
        folder = Path(self._webui("paths_internal").models_path) / "BLIP"
        loaded = getattr(self._webui("shared").interrogator, "blip_model", None)
        return loaded is not None or any(folder.glob("*.pth"))

    def _caption(self, pictures: Sequence[Any]) -> list[str]:
        """As the WebUI's `InterrogateModels.interrogate` does it, without its CLIP."""
        from PIL import Image as Pil

        interrogator = self._webui("shared").interrogator
        self._bring_blip(interrogator)
        try:
            return [str(interrogator.generate_caption(Pil.fromarray(each).convert("RGB"))) for each in pictures]
        finally:
            interrogator.send_blip_to_ram()
            self._webui("devices").torch_gc()

    def _bring_blip(self, interrogator: Any) -> None:
        """Load the WebUI's BLIP where it is not, and bring it to its device."""
        self._webui("lowvram").send_everything_to_cpu()
        self._webui("devices").torch_gc()
        if interrogator.blip_model is None:
            made = loaded_blip(interrogator)
            half = not self._webui("shared").cmd_opts.no_half and not interrogator.running_on_cpu
            interrogator.blip_model = made.half() if half else made
        interrogator.blip_model = interrogator.blip_model.to(self._webui("devices").device_interrogate)
        interrogator.dtype = next(interrogator.blip_model.parameters()).dtype


def loaded_blip(interrogator: Any) -> Any:
    """The WebUI's BLIP, fetched by the WebUI where it is not here.

    Raises:
        ModelError: it cannot be fetched.
    """
    try:
        return interrogator.load_blip_model()
    except OSError as error:  # urllib's too
        raise ModelError(
            f"The WebUI's BLIP is not here and cannot be fetched ({first_line(error)}): put "
            "model_base_caption_capfilt_large.pth into models/BLIP."
        ) from error
