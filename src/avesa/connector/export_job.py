"""Exports that a vendor prepares behind the scenes: order it, ask until it is ready, fetch the pages of its result.

Each step is one request, so a pull can stop while it waits and go on in another process. An export whose order was
sent but not yet stored is ordered once more; the first one is left to the vendor.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import quote

from avesa.connector.json_paths import ABSENT, Path
from avesa.connector.page import Expired, Header, Page, Paging, Place, token_text
from avesa.connector.request import Request
from avesa.connector.single_page import SINGLE_PAGE
from avesa.connector.template import fill_names
from avesa.shared.errors import TableFailed

LOST = (Expired(404), Expired(410))


@dataclass(frozen=True)
class ExportJob:
    """The endpoint's own request orders the export. Its answer holds the job's id at `job`.

    `poll` and `result` are what takes the place of `order` (the end of the endpoint's path) in the address, with
    `{job}` for the id. The answer to a poll holds the job's state at `state`: one of `ready`, one of `failed`, or
    anything else while it works. Between polls the vendor's Retry-After counts, else `wait` seconds; after `polls`
    of them the table fails. `pages` is the paging of the result.
    """

    order: str
    job: Path
    poll: str
    state: Place
    ready: tuple[str, ...]
    result: str
    failed: tuple[str, ...] = ()
    wait: float = 5.0
    longest_wait: float = 300.0
    polls: int = 1000
    pages: Paging = SINGLE_PAGE
    lost: tuple[Expired, ...] = LOST

    @property
    def reads(self) -> tuple[Path, ...]:
        return self.pages.reads

    @property
    def expired(self) -> tuple[Expired, ...]:
        return (*self.lost, *self.pages.expired)

    def first(self, request: Request) -> Request:
        """Raises TableFailed where the endpoint's path does not end in `order`."""
        if not request.url.endswith(self.order):
            raise TableFailed(f"The path of an export does not end in {self.order}, as it is declared.")
        return replace(request, has_records=False)

    def probe(self, request: Request) -> Request:
        return self.first(request)

    def next(self, request: Request, page: Page) -> Request | None:
        if request.has_records:
            return self.pages.next(request, page)
        job = request.recall("job")
        if job is None:
            told = page.told(self.job)
            if told in (ABSENT, None, ""):
                raise TableFailed("The vendor took the order of an export and named no job.")
            job = token_text(told, self.job)
            return self._polling(request, page, job, self._address(request, self.order, self.poll, job), 1)
        state = page.told(self.state)
        if state in self.failed:
            raise TableFailed("The vendor could not make the export that was ordered.")
        if state in self.ready:
            address = self._address(request, fill_names(self.poll, {"job": quote(job, safe="")}), self.result, job)
            return self.pages.first(Request("GET", address, headers=request.headers))
        count = int(request.recall("polls") or 0) + 1
        if count > self.polls:
            raise TableFailed(f"The export was not ready after {self.polls} questions for it.")
        return self._polling(request, page, job, request.url, count)

    def ahead(self, request: Request, page: Page, most: int) -> tuple[Request, ...]:
        return self.pages.ahead(request, page, most) if request.has_records else ()

    def shifts(self, request: Request) -> bool:
        return False  # what was exported stays as it is

    def _polling(self, request: Request, page: Page, job: str, url: str, count: int) -> Request:
        headers = tuple(pair for pair in request.headers if pair[0].lower() != "content-type")
        asking = Request("GET", url, headers=headers, wait=self._seconds(page), has_records=False)
        return asking.with_memo(job=job, polls=str(count))

    def _address(self, request: Request, old: str, new: str, job: str) -> str:
        return request.url.removesuffix(old) + fill_names(new, {"job": quote(job, safe="")})

    def _seconds(self, page: Page) -> float:
        told = page.told(Header("retry-after"))
        if isinstance(told, str) and told.isascii() and told.isdecimal():
            return min(float(told), self.longest_wait)
        return self.wait
