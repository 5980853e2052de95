"""The catalog: what is read of an operation without importing it is what the operation says."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from lib_bootcamp.catalog import ENTRIES, OPERATIONS, Entry, control_maps
from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.operation import Operation
from lib_bootcamp.params.param import Param


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda each: each.module)
def test_the_words_and_the_summary_are_the_operations_own(entry: Entry) -> None:
    assert (entry.words, entry.summary) == (entry.operation.words, entry.operation.summary)


def test_the_operations_are_those_of_the_entries_in_their_order() -> None:
    assert tuple(each.operation for each in ENTRIES) == OPERATIONS


def test_a_program_without_sources_reads_the_operation_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lib_bootcamp.catalog.find_spec", lambda name: None)
    assert Entry("qr.qr", "QR").summary == Entry("qr.qr", "QR").operation.summary


def test_an_entry_that_names_nothing_is_reported() -> None:
    with pytest.raises(LookupError, match=r"operations\.qr\.qr declares no NOTHING"):
        _ = Entry("qr.qr", "NOTHING").summary


def test_control_maps_are_those_of_that_kind() -> None:
    maps = [each for each in OPERATIONS if each.kind == "control-map"]
    assert [replace(each, job=None) for each in maps] == list(control_maps())


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.name)
def test_a_span_of_numbers_is_written_in_words(operation: Operation[Any, Any]) -> None:
    units = {each.spec.unit for each in operation.params.fields()}
    assert not [each for each in units if "[" in each or ".." in each]


def specs_of(params: Any) -> Iterator[Param]:
    """Every field of a declaration, those of what lies in it too."""
    for each in params.fields():
        while each.item is not None:
            each = each.item
        yield each
        if each.nested is not None:
            yield from specs_of(each.nested)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.name)
def test_a_text_of_a_form_is_asked_for_in_words_and_never_by_its_expression(operation: Operation[Any, Any]) -> None:
    over, job = operation.over_files, operation.job
    declared = [operation.params, *([over.params] if over else []), *([job.params] if job else [])]
    for param in (each for params in declared for each in specs_of(params) if each.spec.pattern):
        wrong = next(each for each in ("\n", "\0", "") if not re.fullmatch(param.spec.pattern or "", each))
        with pytest.raises(InvalidParamError) as caught:
            param.check(wrong)
        assert param.spec.example or param.spec.pattern_says, param.name
        assert str(param.spec.pattern) not in str(caught.value)
        assert param.expected().startswith("a text ")


def test_control_maps_import_no_other_operation() -> None:
    code = "import sys; from lib_bootcamp.catalog import control_maps; control_maps(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {each for each in done.stdout.split() if each.startswith("lib_bootcamp.operations.")}
    assert {each.split(".")[2] for each in loaded} <= {"maps", "qr", "controlnet"}
    assert "lib_bootcamp.jobs" not in done.stdout.split()


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda each: each.module)
def test_a_summary_begins_with_a_command_as_in_make_and_not_makes(entry: Entry) -> None:
    first = entry.summary.split()[0]
    assert first[0].isupper()
    assert not first.endswith("s"), entry.summary
