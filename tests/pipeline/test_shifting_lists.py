"""Vendors that page by number or offset: a record that vanishes while its list is read deletes no other one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from avesa.pipeline.query import query
from avesa.pipeline.transform import transform_tenant
from avesa.pipeline.verify import verify_tenant
from avesa.sandbox.vendor.messages import Answer, Asked
from strict_tenant import Tenant, strict_tenant
from tiny_vendor import receipts

LISTS = [("jamf", "computers", "devices"), ("jumpcloud", "systems", "devices"), ("kaseya_bms", "accounts", "companies")]


@contextmanager
def listed_a_day_ago(home: Path, service: str, table: str) -> Iterator[Tenant]:
    """Ten records, three on a page."""
    with strict_tenant(home, service, counts={table: 10}) as tenant:
        tenant.pull(table)
        fold(tenant)
        tenant.clock.now += timedelta(days=1)
        yield tenant


def fold(tenant: Tenant) -> None:
    for outcome in transform_tenant(tenant.ports, "acme", run_id="f"):
        assert outcome.status == "ok", outcome.error


def is_deleted(tenant: Tenant, canonical: str) -> dict[str, bool]:
    return dict(query(tenant.ports, "acme", f"SELECT source_id, is_deleted FROM {canonical}").rows)


def vanish_behind_first_pages(tenant: Tenant, table: str, times: int) -> list[str]:
    """So often the first record that is left vanishes as soon as the first page was read. The keys of those records."""
    gone: list[str] = []
    first_page: list[str] = []
    answer: Callable[[Asked], Answer] = tenant.vendor.answer

    def answered(asked: Asked) -> Answer:
        given = answer(asked)
        if tenant.vendor.served[-1].table == table:
            first_page.append(asked.target)
            if asked.target == first_page[0] and len(gone) < times:
                gone.append(str(tenant.vendor.key(table, tenant.vendor.delete(table, len(gone)))))
        return given

    tenant.vendor.answer = answered  # type: ignore[method-assign]
    return gone


@pytest.mark.parametrize(("service", "table", "canonical"), LISTS)
def test_a_record_that_vanishes_while_its_list_is_read_is_the_only_one_deleted(
    tmp_path: Path, service: str, table: str, canonical: str
) -> None:
    with listed_a_day_ago(tmp_path, service, table) as tenant:
        gone = vanish_behind_first_pages(tenant, table, 1)
        tenant.pull(table, full=True)
        fold(tenant)
        deleted = is_deleted(tenant, canonical)
        assert len(deleted) == 10
        assert [key for key, is_gone in deleted.items() if is_gone] == gone
        assert all(check.ok for check in verify_tenant(tenant.ports, "acme", [canonical]))
        whole, shrunken = sorted(receipts(tenant.ports, table, service=service)[1:], key=lambda one: one.reason or "")
        assert (whole.complete, whole.distinct_ids, shrunken.complete) == (True, 9, False)
        assert shrunken.reason is not None and "shrank from 10 to 9" in shrunken.reason


def test_a_list_that_shrinks_each_time_deletes_nothing_until_it_stands_still(tmp_path: Path) -> None:
    service, table, canonical = LISTS[0]
    with listed_a_day_ago(tmp_path, service, table) as tenant:
        gone = vanish_behind_first_pages(tenant, table, 3)
        assert "twice more" in (tenant.pull(table, full=True).warning or "")
        fold(tenant)
        assert set(is_deleted(tenant, canonical).values()) == {False}
        tenant.clock.now += timedelta(hours=1)
        tenant.pull(table, full=True)
        fold(tenant)
        assert {key for key, is_gone in is_deleted(tenant, canonical).items() if is_gone} == set(gone)
        assert all(check.ok for check in verify_tenant(tenant.ports, "acme", [canonical]))
