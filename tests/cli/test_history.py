"""`avesa history`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from avesa.cli.history import timeline
from avesa_program import Avesa

MOST_VERSIONS = "SELECT source_id FROM tickets GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1"


def version(day: int, until: int | None, *, deleted: bool = False, **columns: Any) -> dict[str, Any]:
    def moment(number: int | None) -> datetime | None:
        return None if number is None else datetime(2026, 3, number, tzinfo=UTC)

    history = {"valid_from": moment(day), "valid_to": moment(until), "is_current": until is None, "is_deleted": deleted}
    return {"source_id": "1", **columns, **history, "updated_at": moment(day), "recorded_at": moment(28)}


def test_the_first_version_shows_what_was_known_and_a_later_one_what_changed() -> None:
    lines = list(
        timeline(
            [
                version(1, 2, status="New", owner=None, note="a"),
                version(2, None, status="Closed", owner="Mia", note="b"),
            ],
            {"note"},
        )
    )
    assert lines == [
        "2026-03-01 00:00:00 to 2026-03-02 00:00:00, changed",
        "    status: New",
        "2026-03-02 00:00:00 to now, current",
        "    status: New → Closed",
        "    owner: nothing → Mia",
    ]


def test_a_deletion_and_the_gap_before_a_return_are_told() -> None:
    lines = list(timeline([version(1, 2, deleted=True, status="New"), version(5, None, status="New")], set()))
    assert lines[0].endswith(", deleted")
    assert lines[2] == "(gone from 2026-03-02 00:00:00 to 2026-03-05 00:00:00)"
    assert lines[3] == "2026-03-05 00:00:00 to now, current"


def test_json_has_every_version_with_every_column(synced: Avesa) -> None:
    (ticket,) = synced.json("query", "acme", MOST_VERSIONS)
    versions = synced.json("history", "acme", "tickets", ticket["source_id"])
    assert len(versions) >= 2
    assert {"tenant_id", "source_service", "summary", "status", "valid_from", "valid_to", "is_current"} <= set(
        versions[0]
    )
    assert [one["valid_to"] for one in versions[:-1]] == [one["valid_from"] for one in versions[1:]]
    assert all(one["valid_from"].endswith("Z") for one in versions)


def test_people_see_the_source_and_the_changes(synced: Avesa) -> None:
    (ticket,) = synced.json("query", "acme", MOST_VERSIONS)
    shown = synced("history", "acme", "tickets", ticket["source_id"]).stdout
    assert shown.startswith(f"tickets {ticket['source_id']} from connectwise/tickets: ")
    assert " → " in shown


def test_an_unknown_record_or_table_is_wrong_usage(synced: Avesa) -> None:
    assert "avesa query acme" in synced("history", "acme", "tickets", "none", code=2).stderr
    assert "Did you mean tickets?" in synced("history", "acme", "tickts", "1", code=2).stderr
