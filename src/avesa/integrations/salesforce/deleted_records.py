"""What was deleted lately, object by object: Salesforce answers for one sObject at a time, and on one page."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from avesa.connector.json_paths import Path
from avesa.connector.page import Expired, Page
from avesa.connector.request import Request
from avesa.shared.errors import TableFailed


@dataclass(frozen=True)
class ObjectByObject:
    """One request for each of `objects`, in their order: its name stands in the path behind `/sobjects/`, where the
    first one is declared.
    """

    objects: tuple[str, ...]
    reads: ClassVar[tuple[Path, ...]] = ()
    expired: ClassVar[tuple[Expired, ...]] = ()

    def first(self, request: Request) -> Request:
        return request

    def probe(self, request: Request) -> Request:
        return request

    def next(self, request: Request, page: Page) -> Request | None:
        return next(iter(self.ahead(request, page, 1)), None)

    def ahead(self, request: Request, page: Page, most: int) -> tuple[Request, ...]:
        before, sobjects, behind = request.url.rpartition("/sobjects/")
        name, slash, rest = behind.partition("/")
        if name not in self.objects:
            raise TableFailed("The stored request does not belong to this paging.")
        following = self.objects[self.objects.index(name) + 1 :][:most]
        return tuple(replace(request, url=f"{before}{sobjects}{other}{slash}{rest}") for other in following)

    def shifts(self, request: Request) -> bool:
        return False
