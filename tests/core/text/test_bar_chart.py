"""One writer of bars, for the page and for reports."""

from __future__ import annotations

import re

from lib_bootcamp.core.text.bar_chart import MOST_BARS, Bar, bar_chart, bar_style


def test_every_class_of_a_chart_has_a_rule_that_reports_take_along() -> None:
    made = bar_chart([Bar("a", 1.0, "1", best=True)], title="T")
    used = {name for names in re.findall(r'class="([^"]+)"', made) for name in names.split()}
    assert used <= set(re.findall(r"\.(bootcamp-[\w-]+)", bar_style()))


def test_a_bar_is_as_long_as_its_share() -> None:
    made = bar_chart([Bar("a", 0.25, "1"), Bar("b", 7.0, "2"), Bar("c", -1.0, "3")])
    assert re.findall(r"width: ([\d.]+)%", made) == ["25.0", "100.0", "0.0"]


def test_texts_are_escaped() -> None:
    assert "<b>" not in bar_chart([Bar("<b>", 1.0, "<b>")], title="<b>", label='"<b>')


def test_of_very_many_the_first_are_shown() -> None:
    assert bar_chart([Bar("a", 1.0, "1")] * 99).count('role="listitem"') == MOST_BARS
