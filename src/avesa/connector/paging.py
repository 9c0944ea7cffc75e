"""How a vendor hands out a long list. A pager is a pure function from (request, page) to the next request or none,
so a pull can stop after any page and go on in another process: the checkpoint is the next request.

This is the whole vocabulary; each kind lives in a file of its own.
"""

from __future__ import annotations

from avesa.connector.cursors import Cursor
from avesa.connector.export_job import ExportJob
from avesa.connector.forward_only import ForwardOnly
from avesa.connector.ids_then_records import IdsThenRecords
from avesa.connector.in_turn import InTurn
from avesa.connector.keyset import Behind, InFilter, InParam, Keyset, Values
from avesa.connector.links import query_value, read_links
from avesa.connector.next_url import NextUrl
from avesa.connector.numbered import Offset, PageNumber
from avesa.connector.or_else import OrElse
from avesa.connector.page import (
    CursorExpired,
    Either,
    End,
    Expired,
    Header,
    Link,
    Page,
    Paging,
    Place,
    WalkLost,
    went_again,
)
from avesa.connector.repeat_guard import RepeatGuard
from avesa.connector.search_window import SearchWindow
from avesa.connector.single_page import SinglePage

__all__ = [
    "Behind",
    "Cursor",
    "CursorExpired",
    "Either",
    "End",
    "Expired",
    "ExportJob",
    "ForwardOnly",
    "Header",
    "IdsThenRecords",
    "InFilter",
    "InParam",
    "InTurn",
    "Keyset",
    "Link",
    "NextUrl",
    "Offset",
    "OrElse",
    "Page",
    "PageNumber",
    "Paging",
    "Place",
    "RepeatGuard",
    "SearchWindow",
    "SinglePage",
    "Values",
    "WalkLost",
    "query_value",
    "read_links",
    "went_again",
]
