"""kohya's aspect buckets, on sizes worked out by hand from its rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib_bootcamp.core.datasets.buckets import bucket_sizes, place, place_without_upscale

SD = bucket_sizes((512, 512))


def test_the_buckets_of_512_px_are_those_of_the_trainer() -> None:
    # For each width from 256 to 1024 the height is 262144 // width, cut to a multiple of 64 and to 1024 at most.
    half = {
        (256, 1024), (320, 768), (384, 640), (448, 576), (512, 512), (576, 448),
        (640, 384), (704, 320), (768, 320), (832, 256), (896, 256), (960, 256), (1024, 256),
    }  # fmt: skip
    assert set(SD) == half | {(height, width) for width, height in half}
    assert list(SD) == sorted(SD)


def test_a_longest_side_cuts_the_buckets() -> None:
    assert set(bucket_sizes((512, 512), min_px=384, max_px=640)) == {
        (512, 512), (384, 640), (640, 384), (448, 576), (576, 448),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("size", "bucket", "scaled"),
    [
        ((512, 512), (512, 512), (512, 512)),
        ((2048, 2048), (512, 512), (512, 512)),
        ((1024, 256), (1024, 256), (1024, 256)),  # a size that is a bucket goes into it
        # 768 / 512 = 1.5: 640 / 384 is 0.167 away, 576 / 448 is 0.214 away
        ((768, 512), (640, 384), (640, 427)),
        ((640, 960), (384, 640), (427, 640)),
        ((300, 200), (640, 384), (640, 427)),
    ],
)
def test_a_picture_goes_to_the_nearest_ratio(
    size: tuple[int, int], bucket: tuple[int, int], scaled: tuple[int, int]
) -> None:
    made = place(*size, SD)
    assert (made.bucket, made.scaled) == (bucket, scaled)


def test_what_is_cut_off_is_given_as_a_share() -> None:
    made = place(640, 960, SD)
    assert made.cropped == pytest.approx(1 - 384 / 427)
    assert made.upscale_factor == pytest.approx(427 / 640)
    assert place(300, 200, SD).upscale_factor == pytest.approx(427 / 200)


def test_without_upscale_a_small_picture_is_only_cut() -> None:
    made = place_without_upscale(500, 300, (512, 512))
    assert (made.bucket, made.scaled, made.upscale_factor) == ((448, 256), (500, 300), 1.0)
    assert made.cropped == pytest.approx(1 - 448 * 256 / (500 * 300))


def test_without_upscale_a_large_picture_is_scaled_to_the_area_first() -> None:
    # 1500 x 1000: sqrt(262144 * 1.5) = 627.07, cut to 576; 576 / 1.5 = 384, ratio 1.5 exactly
    made = place_without_upscale(1500, 1000, (512, 512))
    assert (made.scaled, made.bucket) == ((576, 384), (576, 384))


@given(st.integers(1, 20_000), st.integers(1, 20_000), st.sampled_from([512, 768, 1024]))
def test_every_picture_has_a_bucket_of_whole_steps_and_covers_it(width: int, height: int, side: int) -> None:
    made = place(width, height, bucket_sizes((side, side)))
    assert all(each % 64 == 0 and each >= 256 for each in made.bucket)
    assert made.scaled[0] >= made.bucket[0]
    assert made.scaled[1] >= made.bucket[1]
    assert 0 <= made.cropped < 1
    small = place_without_upscale(width, height, (side, side))
    assert all(each % 64 == 0 and each >= 64 for each in small.bucket)
    assert 0 <= small.cropped < 1
