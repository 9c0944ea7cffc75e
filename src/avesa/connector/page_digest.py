"""What a page is known by again, so that a vendor who sends one twice is found out."""

from __future__ import annotations

import hashlib

from avesa.connector.record import Record
from avesa.connector.request import Request, Response

_WHOLE = 64 * 1024
"""Of a body that is longer, the digest goes by the keys of its records, its length, its beginning, its end and every
509th byte (a prime, so that it does not keep step with records of one length).
"""
_EDGE = 16 * 1024
_STRIDE = 509


def whereabouts(asked: Request) -> str:
    """The part of the list, and the window, that is asked for: another one may hold the same again."""
    return "".join(asked.recall(name) or "" for name in ("part", "window", "way"))


def digest_of(asked: Request, response: Response, records: list[Record]) -> str:
    """Of a page's body, and of what it was asked for: another window, or another part of the list, may begin with what
    the one before ended with.
    """
    digest = hashlib.sha256(whereabouts(asked).encode())
    body = response.body
    if len(body) > _WHOLE:  # to hash all of it would take longer than to split it into its records
        digest.update(b"%d" % len(body) + body[:_EDGE] + body[-_EDGE:])
        digest.update("\n".join(record.record_id or record.payload for record in records).encode())
        body = body[::_STRIDE]
    digest.update(body)
    return digest.hexdigest()[:16]
