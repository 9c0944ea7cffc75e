"""When a field counts as gone: what cries wolf, and what does not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from avesa.pipeline.drift.rule import Evidence, is_gone

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def told(
    had: int,
    known: int,
    *,
    seen: int,
    lost: int,
    born: int = 0,
    born_with: int = 0,
    new: int = 0,
    span: timedelta = HOUR,
) -> bool:
    return is_gone(Evidence(known, had, seen, lost, born, born_with, new, span))


@pytest.mark.parametrize(
    ("what", "gone"),
    [
        ({"had": 450, "known": 500, "seen": 120, "lost": 108}, True),
        ({"had": 500, "known": 500, "seen": 500, "lost": 500}, True),
        ({"had": 500, "known": 500, "seen": 20, "lost": 20}, True),
        ({"had": 500, "known": 500, "seen": 19, "lost": 19}, False),
        ({"had": 500, "known": 500, "seen": 2, "lost": 2}, False),
        # one in a hundred had it, and those that came are others
        ({"had": 50, "known": 5_000, "seen": 120, "lost": 1}, False),
        # all that had it came again: it was emptied in one go, as a snooze is, which few had anyway
        ({"had": 25, "known": 5_000, "seen": 25, "lost": 25}, False),
        ({"had": 25, "known": 5_000, "seen": 5_000, "lost": 25}, True),
        # many came that never had it
        ({"had": 450, "known": 500, "seen": 300, "lost": 3, "new": 297}, False),
        # small tables
        ({"had": 12, "known": 12, "seen": 12, "lost": 12}, True),
        ({"had": 12, "known": 12, "seen": 6, "lost": 6}, True),
        ({"had": 12, "known": 12, "seen": 5, "lost": 5}, False),
        ({"had": 2, "known": 12, "seen": 12, "lost": 2}, False),
        ({"had": 4, "known": 4, "seen": 3, "lost": 3}, True),
        ({"had": 2, "known": 2, "seen": 2, "lost": 2}, False),
        ({"had": 1, "known": 1, "seen": 1, "lost": 1}, False),
    ],
)
def test_records_that_had_it_and_came_again_without_it_are_evidence(what: dict[str, int], gone: bool) -> None:
    assert told(**what) is gone  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("what", "span", "gone"),
    [
        ({"born": 200, "born_with": 200, "new": 40}, 8 * DAY, True),
        ({"born": 200, "born_with": 200, "new": 40}, 2 * DAY, False),
        ({"born": 200, "born_with": 200, "new": 19}, 8 * DAY, False),
        ({"born": 200, "born_with": 120, "new": 40}, 8 * DAY, True),
        # new records never had it: a time of closing
        ({"born": 200, "born_with": 0, "new": 400}, 80 * DAY, False),
        ({"born": 0, "born_with": 0, "new": 400}, 80 * DAY, False),
    ],
)
def test_where_none_comes_again_new_ones_are_evidence_after_a_week(
    what: dict[str, int], span: timedelta, gone: bool
) -> None:
    assert told(450, 500, seen=what["new"], lost=0, span=span, **what) is gone
