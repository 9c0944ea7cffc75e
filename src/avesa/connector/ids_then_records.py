"""Lists that give ids only: the ids are listed with a paging of their own, then the records are asked for in batches.

The ids that are still to be asked for stand in the next request's memo, so a pull can stop behind any batch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import msgspec

from avesa.connector.json_paths import EACH, Path, split_path, values_at
from avesa.connector.json_template import Body, json_body
from avesa.connector.page import Expired, Page, Paging
from avesa.connector.request import Params, Request, as_text
from avesa.shared.errors import TableFailed

_NO_BODY = json_body({})


@dataclass(frozen=True)
class IdsThenRecords:
    """The endpoint's own request lists the ids, paged by `pages`; they stand at `ids` in its answers.

    The records are asked for with `batch` ids at once: at `path`, which takes the place of `listed` (the end of the
    endpoint's path), by POST with the list of ids at `into` of the JSON body `body`, or by GET with one parameter
    `into` for each id. An id comes at most once from one page of ids. The answer to a batch holds the table's
    records; one that does not exist any more is simply not among them. Each checkpoint holds the ids that are left of
    one page of ids, so some thousand of them a page are enough.
    """

    pages: Paging
    ids: Path
    listed: str
    path: str
    batch: int
    into: str = "ids"
    method: Literal["GET", "POST"] = "POST"
    body: Body = _NO_BODY
    params: Params = ()

    @property
    def reads(self) -> tuple[Path, ...]:
        return ()

    @property
    def expired(self) -> tuple[Expired, ...]:
        return self.pages.expired

    def first(self, request: Request) -> Request:
        """Raises TableFailed where the endpoint's path does not end in `listed`."""
        if not request.url.endswith(self.listed):
            raise TableFailed(f"The path of a list of ids does not end in {self.listed}, as it is declared.")
        return replace(self.pages.first(request), has_records=False)

    def probe(self, request: Request) -> Request:
        return replace(self.pages.probe(request), has_records=False)

    def next(self, request: Request, page: Page) -> Request | None:
        if request.has_records:
            left = request.recall("left")
            ids = msgspec.json.decode(left) if left else []
            listing = request.recall("listing")
            following = Request.from_json(listing) if listing else None
            return self._batch(request, ids, following) if ids else following
        ids = list(dict.fromkeys(self._ids(page)))
        listed = self.pages.next(replace(request, has_records=True), Page(page.response, len(ids)))
        following = None if listed is None else replace(listed, has_records=False)
        if not ids:
            return following
        address = request.url.removesuffix(self.listed) + self.path
        headers = tuple(pair for pair in request.headers if pair[0].lower() != "content-type")
        return self._batch(Request(self.method, address, headers=headers), ids, following)

    def ahead(self, request: Request, page: Page, most: int) -> tuple[Request, ...]:
        return ()

    def shifts(self, request: Request) -> bool:
        return not request.has_records and self.pages.shifts(replace(request, has_records=True))

    def _ids(self, page: Page) -> list[str | int]:
        path = split_path(self.ids)
        if EACH in path:
            found = values_at(page.response.body, path)
        else:
            told = page.told(path)
            if told is not None and not isinstance(told, list):
                raise TableFailed(f"A list of ids was expected at {'.'.join(path)}.")
            found = told or []
        if not all(isinstance(id_, str | int) and not isinstance(id_, bool) and id_ != "" for id_ in found):
            raise TableFailed("A list of ids holds something that is no id.")
        return found

    def _batch(self, request: Request, ids: list[Any], following: Request | None) -> Request:
        now, left = ids[: self.batch], ids[self.batch :]
        asking = replace(request, params=self.params, body=None)
        if self.method == "POST":
            asking = replace(asking, body=self.body.text).with_headers(("Content-Type", "application/json"))
            asking = asking.with_value("body", self.into, now)
        else:
            asking = asking.with_params(*((self.into, as_text(id_)) for id_ in now))
        return asking.with_memo(
            left=msgspec.json.encode(left).decode() if left else None,
            listing=following.to_json() if following else None,
        )
