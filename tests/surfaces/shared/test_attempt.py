"""What a surface asks for: a result, or one sentence about whatever went wrong."""

from __future__ import annotations

import pytest

from lib_bootcamp.errors import InvalidParamError, UnexpectedError
from lib_bootcamp.surfaces.shared.attempt import attempt


def reported(error: Exception | None) -> str:
    def work() -> str:
        if error is not None:
            raise error
        return "made"

    return attempt("map", work, lambda mistake: f"{mistake.status} {mistake}")


def test_what_goes_well_is_given_back() -> None:
    assert reported(None) == "made"


def test_a_persons_mistake_keeps_its_sentence_and_status() -> None:
    assert reported(InvalidParamError("width", "is missing")) == "422 width is missing."


def test_a_mistake_of_the_programs_own_goes_to_the_log_alone(caplog: pytest.LogCaptureFixture) -> None:
    assert reported(KeyError("secret")) == "500 The program failed unexpectedly; the log has the details."
    assert reported(KeyError("secret")) == f"500 {UnexpectedError()}"
    assert "map failed" in caplog.text
    assert "secret" in caplog.text
