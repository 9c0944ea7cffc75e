"""What the status of a good answer says of the list in it: that it is not made yet, or that it is a part of one."""

from __future__ import annotations

import re
from collections.abc import Sequence

from avesa.connector.request import Response
from avesa.shared.errors import TableFailed, Unavailable

_RANGE = re.compile(r"\s*[\w-]+\s+(\d{1,18})-(\d{1,18})/(\d{1,18})\s*")


def check_made(response: Response, records: Sequence[object]) -> None:
    """202: what was asked for is still to be done (RFC 9110, section 15.3.3), so that no records are no empty list.

    Raises Unavailable.
    """
    if response.status == 202 and not records:
        raise Unavailable(
            "The vendor has taken the request and not made the list yet (202).", hint="The next run asks again."
        )


def check_whole(response: Response) -> None:
    """206: a part, and Content-Range says which (RFC 9110, section 14.4). Behind the last page nothing may be left.

    Raises TableFailed.
    """
    told = _RANGE.fullmatch(response.headers.get("content-range", "")) if response.status == 206 else None
    if told is not None and int(told[2]) + 1 < int(told[3]):
        raise TableFailed("The vendor sent a part of the list (206), and names no next one.")
