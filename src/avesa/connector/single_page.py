"""A list that comes whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from avesa.connector.json_paths import Path
from avesa.connector.page import Expired, Page
from avesa.connector.request import Request


@dataclass(frozen=True)
class SinglePage:
    """The whole list comes in one answer."""

    reads: ClassVar[tuple[Path, ...]] = ()
    expired: ClassVar[tuple[Expired, ...]] = ()

    def first(self, request: Request) -> Request:
        return request

    def probe(self, request: Request) -> Request:
        return request

    def next(self, request: Request, page: Page) -> Request | None:
        return None

    def ahead(self, request: Request, page: Page, most: int) -> tuple[Request, ...]:
        return ()

    def shifts(self, request: Request) -> bool:
        return False


SINGLE_PAGE = SinglePage()
