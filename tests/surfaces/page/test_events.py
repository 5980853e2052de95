"""What an event of a component is given."""

from __future__ import annotations

from typing import Any

from lib_bootcamp.surfaces.page.events import script_argument


def test_a_script_is_given_by_the_name_that_the_gradio_at_hand_has_for_it() -> None:
    assert script_argument(lambda fn, _js=None: None, "() => 1") == {"_js": "() => 1"}
    assert script_argument(lambda fn, js=None: None, "() => 1") == {"js": "() => 1"}


def test_an_event_that_does_not_name_its_arguments_is_given_the_script_too() -> None:
    def forges_event(*args: Any, **kwargs: Any) -> None:
        """As Forge wraps each event of Gradio's."""

    assert script_argument(forges_event, "() => 1") == {"js": "() => 1"}
