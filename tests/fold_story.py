"""Pulls told in minutes, for tests of the fold: what is seen when, and what history it makes."""

from __future__ import annotations

from datetime import timedelta

from avesa.canonical_transform.raw_source import decision_name
from avesa.shared.receipt import Decision, ListingDecision, encode_decision
from fold_table import Folding, thing_values
from raw_files import PullOf, Row, at
from scd2_oracle import Version, history


def change(number: int, *rows: Row, **more: object) -> PullOf:
    """A change pull at minute `number`, its rows extracted a second later each."""
    return PullOf(rows=tuple(rows), started_at=at(number), **more)  # type: ignore[arg-type]


def thing(id_: str, updated: float | None, extracted: float, name: str | None = "a", **fields: object) -> Row:
    return Row(
        id_, {"name": name, **fields}, None if updated is None else at(updated), at(extracted) + timedelta(seconds=1)
    )


def gone(id_: str, updated: float, extracted: float) -> Row:
    return Row(id_, None, at(updated), at(extracted) + timedelta(seconds=1), is_deleted=True)


def spans(folding: Folding, id_: str = "1") -> list[tuple[object, float, float | None, bool]]:
    """(name, from minute, to minute, ended by a deletion) of each version, in order."""
    minute = timedelta(minutes=1)
    mine = sorted((v for v in folding.versions() if v.id == id_), key=lambda v: v.valid_from)
    return [
        (
            v.values[0],
            (v.valid_from - at(0)) / minute,
            None if v.valid_to is None else (v.valid_to - at(0)) / minute,
            v.is_deleted,
        )
        for v in mine
    ]


def in_order(folding: Folding) -> list[Version]:
    return sorted(folding.versions(), key=lambda version: version.valid_from)


def fold_each(folding: Folding, *pulls: PullOf) -> None:
    """Land and fold one after the other, and hold the result against the oracle and against a rebuild."""
    for pull in pulls:
        folding.land(pull)
        folding.fold()
    agrees(folding, *pulls)


def agrees(folding: Folding, *pulls: PullOf) -> None:
    expected = history(pulls, thing_values)
    assert folding.versions() == expected
    folding.fold(rebuild=True)
    assert folding.versions() == expected


def listing(number: int, *rows: Row, **more: object) -> PullOf:
    return change(number, *rows, kind="listing", **more)


def decide(folding: Folding, receipt: str, decision: Decision) -> None:
    made = ListingDecision(decision=decision, decided_at=at(1000), decided_by="a person")
    name = decision_name(receipt)
    folding.objects.write(f"acme/raw/vendor/things/{name}", encode_decision(made))
