"""The receipt: what one pull proves about itself. Written after its files; a pull without one is not folded."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

Kind = Literal["changes", "listing"]


class Window(msgspec.Struct, frozen=True, rename={"from_": "from"}):
    """The change window that was asked for; `to` is null where it was left open."""

    from_: datetime | None
    to: datetime | None


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """One pull of one table. Times are UTC. Only a complete listing may delete by absence."""

    tenant_id: str
    service: str
    table: str
    run_id: str
    kind: Kind
    complete: bool
    reason: str | None = None
    started_at: datetime
    finished_at: datetime
    window: Window | None = None
    files: tuple[str, ...] = ()
    """Names (no folder) of the pull's raw files; empty for an empty pull."""
    pages: int
    rows: int
    distinct_ids: int
    min_updated_at: datetime | None = None
    max_updated_at: datetime | None = None
    vendor_total: int | None = None
    bytes: int
    """Bytes of the vendor's answers' bodies, as received."""
    calls: int
    retries: int
    ids_sha256: str
    """Hex SHA-256 of the distinct ids, sorted by their UTF-8 bytes, joined by newlines."""


Decision = Literal["approve", "reject"]


class ListingDecision(msgspec.Struct, frozen=True, kw_only=True):
    """What a person decided about a listing that lacks suspiciously many records: may it delete them?

    It lies beside the listing's receipt, so that the history stays a function of the raw files.
    """

    decision: Decision
    decided_at: datetime
    decided_by: str | None = None


class Withdrawal(msgspec.Struct, frozen=True, kw_only=True):
    """That a pull is not to count, as if it had never been. It lies beside the pull's receipt, which stays."""

    reason: str
    withdrawn_at: datetime
    withdrawn_by: str | None = None


_ENCODER = msgspec.json.Encoder()
_DECISIONS = msgspec.json.Decoder(ListingDecision)
_DECODER = msgspec.json.Decoder(Receipt)


def encode_receipt(receipt: Receipt) -> bytes:
    """JSON, indented so that a person can read it. Times are ISO-8601 with Z."""
    return msgspec.json.format(_ENCODER.encode(receipt), indent=2) + b"\n"


def decode_receipt(data: bytes) -> Receipt:
    """Raises msgspec.ValidationError or msgspec.DecodeError for what is not a receipt."""
    return _DECODER.decode(data)


def encode_decision(decision: ListingDecision) -> bytes:
    return msgspec.json.format(_ENCODER.encode(decision), indent=2) + b"\n"


def encode_withdrawal(withdrawal: Withdrawal) -> bytes:
    return msgspec.json.format(_ENCODER.encode(withdrawal), indent=2) + b"\n"


def decode_decision(data: bytes) -> ListingDecision:
    """Raises msgspec.ValidationError or msgspec.DecodeError for what is not a decision."""
    return _DECISIONS.decode(data)
