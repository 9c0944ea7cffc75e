"""One value of a large JSON body, found without decoding the rest."""

from __future__ import annotations

from typing import Any

import msgspec

_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_PLACES = msgspec.json.Decoder(list[msgspec.Raw])
_MARK = b"\xef\xbb\xbf"


def value_at(body: bytes, path: str | tuple[str, ...]) -> Any:
    """What stands at a path of a JSON body, None where nothing does or where the body is no JSON.

    A path is dotted, or its names one by one where they hold dots themselves. A number is a place in a list; a name
    that is not there is looked for in any case.
    """
    names = path if isinstance(path, tuple) else tuple(path.split(".")) if path else ()
    here: bytes | msgspec.Raw = body.removeprefix(_MARK)
    try:
        for name in names:
            found = _inside(here, name)
            if found is None:
                return None
            here = found
        return msgspec.json.decode(here)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _inside(here: bytes | msgspec.Raw, name: str) -> msgspec.Raw | None:
    if name.isdecimal() and bytes(here).lstrip()[:1] == b"[":
        places = _PLACES.decode(here)
        return places[int(name)] if int(name) < len(places) else None
    members = _MEMBERS.decode(here)
    if name in members:
        return members[name]
    return next((value for key, value in members.items() if key.lower() == name.lower()), None)
