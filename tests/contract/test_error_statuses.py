"""The HTTP status of every error that the program knows: what a caller's input can cause is never a 5xx."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import lib_bootcamp
from lib_bootcamp.errors import OutputError, OutputPlaceError, StorageError, named_by

NOT_THE_CALLER = {
    "HubError": 502,  # another server's, and the owner's token
    "MissingPackageError": 501,  # the owner installs it
    "OutOfMemoryError": 507,  # of this device: another one has enough
    "OutputError": 500,  # where nobody was asked: the data folder, a journal
    "QueueFullError": 503,
    "SetupError": 500,  # of its own packages, before it runs
    "StorageError": 507,
    "StoppingError": 503,
    "UnexpectedError": 500,
}


def statuses() -> dict[str, int]:
    """The status of each error's class, by its name, as the sources say it."""
    sources = Path(lib_bootcamp.__file__).parent.rglob("*.py")
    trees = (ast.parse(each.read_text(encoding="utf-8")) for each in sources)
    classes = {node.name: node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}

    def status(name: str) -> int | None:
        node = classes.get(name)
        if node is None:
            return None
        own = (
            each.value.value
            for each in node.body
            if isinstance(each, ast.Assign) and isinstance(each.value, ast.Constant)
            if [getattr(target, "id", "") for target in each.targets] == ["status"]
        )
        above = (status(base.id) for base in node.bases if isinstance(base, ast.Name) and base.id.endswith("Error"))
        return next(own, None) or next(filter(None, above), None)

    found = {name: status(name) for name in classes}
    return {name: code for name, code in found.items() if code is not None and name.endswith("Error")}


@pytest.mark.thorough
def test_only_what_no_callers_input_causes_is_a_server_error() -> None:
    assert {name: code for name, code in statuses().items() if code >= 500} == NOT_THE_CALLER


@pytest.mark.thorough
def test_every_error_is_looked_at() -> None:
    found = statuses()
    assert len(found) > 30
    assert {
        "LeadsOutError": 403,
        "OutputPlaceError": 422,
        "NotAllowedError": 403,
        "NoJobError": 404,
    }.items() <= found.items()


@pytest.mark.parametrize(("raised", "status"), [(OutputError("x"), 422), (StorageError("x"), 507)])
def test_what_cannot_be_written_where_a_parameter_says_is_that_parameters_mistake(
    raised: OutputError, status: int
) -> None:
    with pytest.raises(OutputError) as caught, named_by("output_folder"):
        raise raised
    assert (caught.value.status, caught.value.param) == (status, "output_folder")
    assert isinstance(caught.value, OutputPlaceError | StorageError)
