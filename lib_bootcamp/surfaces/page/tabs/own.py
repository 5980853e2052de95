"""Which operations have a tab of their own."""

from __future__ import annotations

from lib_bootcamp.surfaces.page.tab import Tab

# Operations that have no tab of their own, for that of another one offers what they do.
HOSTED_BY = {"png-info-edit": "png-info", "use-lora": "train", "compare-loras": "train"}


def own_tabs() -> dict[str, type[Tab]]:
    """Operation name to tab class."""
    from .controlnet.compatibility import CompatibilityTab
    from .datasets.captions import CaptionsTab
    from .datasets.report import DatasetTab
    from .describe.caption import CaptionTab
    from .describe.classify import ClassifyTab
    from .describe.interrogate import InterrogateTab
    from .maps.lighting import LightingTab
    from .png_info.tab import PngInfoTab
    from .qr.qr import QrTab
    from .train.train import TrainTab

    return {
        "caption": CaptionTab,
        "classify": ClassifyTab,
        "compatibility": CompatibilityTab,
        "dataset-report": DatasetTab,
        "dataset-captions": CaptionsTab,
        "interrogate": InterrogateTab,
        "lighting": LightingTab,
        "png-info": PngInfoTab,
        "qr": QrTab,
        "train": TrainTab,
    }
