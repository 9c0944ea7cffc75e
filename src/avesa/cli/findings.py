"""What commands that look for something have found: as JSON, as a table, or in a word that there is nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from avesa.cli.command import end_with
from avesa.cli.output import console, write_json
from avesa.shared.errors import AvesaError

T = TypeVar("T")


def write_findings(
    found: Sequence[T],
    show: Callable[[Sequence[T]], None],
    *,
    nothing: str,
    as_json: bool,
    errors: Sequence[AvesaError] = (),
) -> None:
    """`show` is for people, `nothing` what they are told where all was looked through. `errors` say what was not."""
    if as_json:
        write_json(found)
    elif found:
        show(found)
    elif not errors:
        console().print(nothing)
    end_with(errors)
