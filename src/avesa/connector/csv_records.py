"""Reports that come as comma-separated values (RFC 4180): each line becomes one JSON object of texts, by the names in
the first line. An empty cell is an empty text, since such a file cannot tell it from none.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from io import StringIO


def csv_records(body: bytes, needed: Iterable[str]) -> list[bytes]:
    """The JSON of each line, with its fields in the order of the columns.

    Raises LookupError where the first line lacks one of the names `needed`, ValueError for a line with another number
    of cells. Bytes that are no UTF-8 come back as the same bytes.
    """
    text = body.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    try:
        names, *lines = [line for line in csv.reader(StringIO(text, newline=""), strict=True) if line] or [[]]
    except csv.Error as error:
        raise ValueError(str(error)) from None
    if missing := [name for name in needed if name not in names]:
        raise LookupError(missing[0])
    return [
        json.dumps(dict(zip(names, cells, strict=True)), ensure_ascii=False).encode("utf-8", "surrogateescape")
        for cells in lines
    ]
