"""MediaPipe's faces for real: its weights lie in the package, the photograph in scikit-image."""

from __future__ import annotations

import numpy as np
import pytest

from tests.fakes import FakeHost, FakeProgress
from tests.ml.needs import skip_without_models

skip_without_models("controlnet_aux", "skimage", "scipy", "einops")
mediapipe = pytest.importorskip("mediapipe", reason="mediapipe<=0.10.21 is not installed")
if not hasattr(mediapipe, "solutions"):
    pytest.skip(f"mediapipe {mediapipe.__version__} has no models in it", allow_module_level=True)

from lib_bootcamp.context import Context  # noqa: E402
from lib_bootcamp.operations.maps.detect import DETECT  # noqa: E402


def face_map(picture: np.ndarray, **values: object) -> np.ndarray:
    params = DETECT.params_from({"image": picture, "detector": "mediapipe_face", "threshold": 0.5, **values})
    return DETECT.run(params, Context.of_terminal(FakeHost(device="cuda"), FakeProgress())).image


def test_the_astronauts_face_is_drawn_where_it_is_and_nowhere_else() -> None:
    from skimage.data import astronaut

    picture = astronaut()
    made = face_map(picture)
    assert made.shape == picture.shape
    rows, columns = np.nonzero(made.max(axis=2))
    # her face is within these rows and columns
    assert 60 < rows.min() < 120
    assert 150 < rows.max() < 220
    assert 160 < columns.min() < 215
    assert 240 < columns.max() < 290
    assert (made == face_map(picture)).all()


def test_a_picture_without_a_face_gives_black() -> None:
    assert face_map(np.full((256, 256, 3), 90, np.uint8)).max() == 0
