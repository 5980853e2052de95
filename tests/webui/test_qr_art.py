"""QR art in the real WebUI: drawn by diffusers on the checkpoint that the WebUI has loaded."""

from __future__ import annotations

import zxingcpp
from PIL import Image

from .conftest import Webui, pixels, with_mini

API = "/bootcamp/v1"


def test_a_code_is_drawn_on_the_webuis_checkpoint_and_scans(webui: Webui) -> None:
    with with_mini(webui):
        body = {"content": "HELLO", "prompt": "a blue star on a white background", "width": 256, "height": 256}
        body |= {"steps": 12, "seed": 5, "decoders": ["zxing-cpp"], "preset": "sure"}
        status, answer = webui.call(f"{API}/qr/art", body)
    assert status == 200, answer
    assert answer["scans"]
    assert "with-mini-sd" in answer["checkpoint"]
    picture = Image.fromarray(pixels(answer["image"]))
    assert [each.text for each in zxingcpp.read_barcodes(picture)] == ["HELLO"]


def test_a_mistake_on_the_way_is_named_with_its_status(webui: Webui) -> None:
    status, answer = webui.call(f"{API}/qr/art", {"content": "x" * 4000, "prompt": "a star"})
    assert status == 422
    assert "content" in answer["detail"]
