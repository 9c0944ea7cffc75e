"""`avesa --aws ENV schedule`: a person sets when a service of a tenant is synced by itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from avesa.shared.errors import StorageError
from avesa_program import Avesa
from aws_cloud import Cloud
from schedule_group import Group
from stage_calls import HALO

EVERY_QUARTER = "rate(15 minutes)"


@pytest.fixture
def scheduling(connected: Avesa, group: Group, written: Callable[..., None]) -> Avesa:
    """The program, in an environment that says what a schedule is made of."""
    target = group.target
    written(
        SCHEDULE_GROUP=target.group,
        STATE_MACHINE_ARN=target.state_machine,
        SCHEDULE_ROLE_ARN=target.role,
        SCHEDULE_DEAD_LETTERS_ARN=target.dead_letters,
    )
    return connected


def test_a_schedule_is_set_shown_changed_and_taken_away(scheduling: Avesa, cloud: Cloud, group: Group) -> None:
    assert "is synced with all others" in scheduling("schedule").stdout
    for expression in (EVERY_QUARTER, "cron(0 3 * * ? *)"):
        assert expression in scheduling("schedule", "acme", HALO, expression).stdout
        assert group.named("acme", HALO)["ScheduleExpression"] == expression
        assert scheduling.json("schedule") == [{"tenant": "acme", "service": HALO, "schedule": expression}]
    assert "with all others" in scheduling("schedule", "acme", HALO, "--none").stdout
    assert group.names == frozenset()
    assert scheduling.json("schedule", "acme") == [{"tenant": "acme", "service": HALO, "schedule": None}]
    assert cloud.gate.refused == []


def test_connecting_anew_keeps_the_schedule_and_leaving_takes_it_along(scheduling: Avesa, group: Group) -> None:
    scheduling("schedule", "acme", HALO, EVERY_QUARTER)
    scheduling("connect", "acme", HALO, "--set", "every=2h")
    assert scheduling.json("schedule")[0]["schedule"] == EVERY_QUARTER
    assert group.names == {f"acme.{HALO}"}
    scheduling("tenant", "remove", "acme", "--yes")
    assert group.names == frozenset()


def test_a_service_that_leaves_takes_its_schedule_along(scheduling: Avesa, cloud: Cloud, group: Group) -> None:
    scheduling("schedule", "acme", HALO, EVERY_QUARTER)
    scheduling("disconnect", "acme", HALO, "--yes")
    assert group.names == frozenset()
    assert scheduling.json("tenant", "list") == [{"tenant": "acme", "services": []}]
    assert cloud.gate.refused == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("acme", HALO, "hourly"), "'hourly' is not a schedule"),
        (("acme", "jira", EVERY_QUARTER), "not connected"),
        (("nobody", HALO, EVERY_QUARTER), "no tenant 'nobody'"),
        (("acme", "--none"), "--none"),
        (("acme", HALO, EVERY_QUARTER, "--none"), "--none"),
    ],
)
def test_what_cannot_be_set_is_refused_and_changes_nothing(
    scheduling: Avesa, group: Group, words: tuple[str, ...], told: str
) -> None:
    assert told in scheduling("schedule", *words, code=2).stderr
    assert group.names == frozenset()
    assert scheduling.json("schedule")[0]["schedule"] is None


def test_who_dies_on_the_way_leaves_no_service_that_nothing_starts(
    scheduling: Avesa, cloud: Cloud, group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Made before it is written down, written off before it is deleted."""

    def dies(*_: Any) -> None:
        raise StorageError("the line is dead.")

    with monkeypatch.context() as broken:
        broken.setattr("avesa.aws.dynamodb_tenants.DynamoTenantServices.put", dies)
        scheduling("schedule", "acme", HALO, EVERY_QUARTER, code=1)
    assert group.names == {f"acme.{HALO}"}
    assert cloud.state.tenants.services("acme")[0].schedule is None

    scheduling("schedule", "acme", HALO, EVERY_QUARTER)
    with monkeypatch.context() as broken:
        broken.setattr("avesa.aws.deployment.delete_schedule", dies)
        scheduling("schedule", "acme", HALO, "--none", code=1)
    assert group.names == {f"acme.{HALO}"}
    assert cloud.state.tenants.services("acme")[0].schedule is None
    scheduling("schedule", "acme", HALO, "--none")
    assert group.names == frozenset()


def test_an_environment_of_before_says_that_it_has_to_be_deployed_again(connected: Avesa) -> None:
    assert "Deploy the stacks again" in connected("schedule", "acme", HALO, EVERY_QUARTER, code=1).stderr


def test_on_one_machine_cron_is_the_schedule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AVESA_AWS", raising=False)
    assert "cron" in Avesa(tmp_path / "home")("schedule", code=2).stderr
