"""The loss as a chart."""

from __future__ import annotations

import re
import xml.etree.ElementTree as Xml

from lib_bootcamp.core.training.chart import HEIGHT_PX, WIDTH_PX, loss_chart


def test_nothing_is_no_chart() -> None:
    assert loss_chart([], 100) == ""


def test_every_step_is_a_dot_inside_the_chart_and_the_line_goes_through_the_smoothed_ones() -> None:
    points = [(step, 0.2 / step, 0.3 / step) for step in range(1, 51)]
    made = loss_chart(points, 200)
    root = Xml.fromstring(made)
    dots = [each for each in root.iter() if each.tag.endswith("circle")]
    assert len(dots) == 50
    assert all(
        0 <= float(each.attrib["cx"]) <= WIDTH_PX and 0 <= float(each.attrib["cy"]) <= HEIGHT_PX for each in dots
    )
    line = next(each for each in root.iter() if each.tag.endswith("polyline"))
    assert len(line.attrib["points"].split()) == 50
    rightmost = max(float(each.attrib["cx"]) for each in dots)
    assert rightmost < 0.4 * WIDTH_PX  # a quarter of the training is done
    assert "Loss up to step 50 of 200" in root.attrib["aria-label"]


def test_one_wild_loss_does_not_flatten_the_others() -> None:
    points = [(step, 100.0 if step == 7 else 0.1, 0.1) for step in range(1, 101)]
    found = re.search(r'text-anchor="end">([\d.]+)</text>', loss_chart(points, 100))
    assert found is not None
    assert float(found[1]) < 1


def test_the_loss_on_held_out_pictures_is_a_dashed_line_with_its_lowest_point_in_words() -> None:
    made = loss_chart([(step, 0.2, 0.2) for step in range(1, 11)], 10, [(0, 0.5), (5, 0.3), (10, 0.4)])
    root = Xml.fromstring(made)
    lines = [each for each in root.iter() if each.tag.endswith("polyline")]
    assert len(lines) == 2
    assert "stroke-dasharray" in lines[1].attrib
    assert root.attrib["aria-label"].endswith("on held-out pictures (dashed) 0.4000, lowest 0.3000 at step 5")


def test_class_pictures_are_a_dotted_line() -> None:
    drawn = loss_chart([(1, 0.5, 0.5), (2, 0.4, 0.45)], 10, prior=[(1, 0.9), (2, 0.8)])
    assert 'stroke-dasharray="2 3"' in drawn
    assert "on class pictures (dotted) 0.8000" in drawn
    assert "on class pictures" not in loss_chart([(1, 0.5, 0.5)], 10)
