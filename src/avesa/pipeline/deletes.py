"""Listings that lack suspiciously many records: who waits for a second one, and what a person decides about them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from avesa.canonical_transform.engine import count, engine
from avesa.canonical_transform.ledger import decode_ledger
from avesa.canonical_transform.listings import IS_ALIVE, judge
from avesa.canonical_transform.mapping import mapping_names
from avesa.canonical_transform.raw_source import Source, decision_name, list_raw, load_rows, read_pulls
from avesa.pipeline.ports import Ports
from avesa.pipeline.transform import tenant_guards
from avesa.shared.errors import UsageError, Where
from avesa.shared.receipt import Decision, ListingDecision, encode_decision
from avesa.shared.scratch import scratch_folder


@dataclass(frozen=True)
class HeldListing:
    """A complete listing that deletes nothing yet. `known` records were alive before it, `lost` of them it lacks."""

    tenant: str
    service: str
    table: str
    receipt: str
    started_at: datetime
    known: int
    lost: int
    listed: int
    some_lost: tuple[str, ...]
    canonical_tables: tuple[str, ...]


def held_listings(ports: Ports, tenant: str) -> list[HeldListing]:
    """Of a known tenant, sorted by source: those that wait by the last fold and still do, by the limits of today.

    Those of which somebody has decided since do not. Raises UsageError for an unknown tenant.
    """
    ports.tenants.services(tenant)
    waiting: dict[tuple[str, str], list[str]] = {}
    for table in mapping_names():
        ledger = decode_ledger(ports.watermarks.get(tenant, f"canonical/{table}").details)
        for name, source in ledger.sources.items():
            if source.held is not None and _waits(ports, tenant, name, source.held):
                waiting.setdefault((name, source.held), []).append(table)
    found = (_described(ports, tenant, name, held, tables) for (name, held), tables in sorted(waiting.items()))
    return [one for one in found if one is not None]


def decide(ports: Ports, tenant: str, source_name: str, decision: Decision, *, decided_by: str | None) -> HeldListing:
    """Write down what a person decided about the held listing of `service/table`; the next transform obeys it.

    Raises UsageError if no listing of that table waits.
    """
    held = held_listings(ports, tenant)
    for one in held:
        if f"{one.service}/{one.table}" == source_name:
            source = Source(tenant, one.service, one.table)
            made = ListingDecision(decision=decision, decided_at=ports.clock(), decided_by=decided_by)
            ports.objects.write(f"{source.prefix}/{decision_name(one.receipt)}", encode_decision(made))
            return one
    names = ", ".join(f"{one.service}/{one.table}" for one in held)
    raise UsageError(
        f"no listing of {source_name} waits for a decision.",
        where=Where(tenant=tenant),
        hint=f"There is one of {names}." if names else "None waits. See: avesa deletes list",
    )


def _waits(ports: Ports, tenant: str, name: str, receipt: str) -> bool:
    raw = list_raw(ports.objects, _source(tenant, name))
    return receipt in raw.receipts and decision_name(receipt) not in raw.decisions


def _source(tenant: str, name: str) -> Source:
    service, _, raw_table = name.partition("/")
    return Source(tenant, service, raw_table)


def _described(ports: Ports, tenant: str, name: str, receipt: str, tables: list[str]) -> HeldListing | None:
    """None if by the guard as it is now set the listing waits no more; the next transform obeys that."""
    source = _source(tenant, name)
    with scratch_folder(ports.scratch, "deletes") as folder, engine(folder) as con:
        pulls = read_pulls(ports.objects, source, list_raw(ports.objects, source))
        until = next(pull for pull in pulls if pull.name == receipt)
        before = [pull for pull in pulls if pull.order <= until.order]
        load_rows(con, ports.objects, source, before, folder)
        listings = [pull for pull in before if pull.deletes_by_absence]
        if judge(con, listings, tenant_guards(ports, tenant)(source))[receipt] != "held":
            return None
        lost = con.execute("SELECT source_id FROM held_lost ORDER BY source_id LIMIT 10").fetchall()
        return HeldListing(
            tenant=tenant,
            service=source.service,
            table=source.table,
            receipt=receipt,
            started_at=until.receipt.started_at,
            known=count(con, f"alive WHERE {IS_ALIVE}"),
            lost=count(con, "held_lost"),
            listed=until.receipt.distinct_ids,
            some_lost=tuple(str(key) for (key,) in lost),
            canonical_tables=tuple(tables),
        )
