"""What hangs on many records, read in one request; where that is more than a page of one of them, the next request
asks for the rest of these alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec

from avesa.connector.json_paths import Path, values_at
from avesa.connector.page import LONGEST, Expired, Page
from avesa.connector.request import Request
from avesa.shared.errors import TableFailed

INPUTS = "inputs"


@dataclass(frozen=True)
class RestOfEach:
    """HubSpot API, associations, batch read: each of `results` may have `paging.next.after`, which goes back into the
    body beside the id of its record. Those that have none are whole.
    """

    reads: ClassVar[tuple[Path, ...]] = ()
    expired: ClassVar[tuple[Expired, ...]] = ()

    def first(self, request: Request) -> Request:
        return request

    def probe(self, request: Request) -> Request:
        return request

    def next(self, request: Request, page: Page) -> Request | None:
        asked = {one["id"] for one in request.value("body", INPUTS) or ()}
        going_on: list[dict[str, Any]] = []
        for result in values_at(page.response.body, "results.*"):
            told = _told(result)
            if told is None:
                continue
            id_, after = told
            if id_ not in asked or len(after) > LONGEST:
                raise TableFailed("The vendor goes on with associations of a record that it was not asked for.")
            going_on.append({"id": id_, "after": after})
        return request.with_value("body", INPUTS, going_on) if going_on else None

    def ahead(self, request: Request, page: Page, most: int) -> tuple[Request, ...]:
        return ()

    def shifts(self, request: Request) -> bool:
        return False


class _After(msgspec.Struct):
    after: str | int | None = None


class _Paging(msgspec.Struct):
    next: _After | None = None


class _From(msgspec.Struct):
    id: str | int


class _Result(msgspec.Struct):
    from_: _From = msgspec.field(name="from")
    paging: _Paging | None = None


def _told(result: Any) -> tuple[str, str] | None:
    """The record's id and where its associations go on; None where that was all."""
    try:
        read = msgspec.convert(result, _Result)
    except msgspec.ValidationError:
        raise TableFailed("An element of the associations does not say which record it is about.") from None
    after = read.paging.next.after if read.paging and read.paging.next else None
    return None if after in (None, "") else (str(read.from_.id), str(after))
