"""What a fold makes durable goes through a few calls; here each can be told of before it is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from avesa.canonical_transform.canonical_table import CanonicalTable
from avesa.shared.objects import Objects

Method = tuple[type, str]
WRITES: tuple[Method, ...] = (
    (Objects, "write"),
    (Objects, "write_new"),
    (Objects, "upload"),
    (Objects, "make_durable"),
    (Objects, "delete"),
    (CanonicalTable, "commit"),
)


@contextmanager
def before_each_write(about_to: Callable[[str], None], ledger: Method) -> Iterator[None]:
    """`about_to` is told the name of each method of WRITES, and of that which stores the ledger, before it does it."""
    with pytest.MonkeyPatch.context() as patch:
        for owner, name in (*WRITES, ledger):
            patch.setattr(owner, name, _told(getattr(owner, name), name, about_to))
        yield


def _told(method: Callable[..., Any], name: str, about_to: Callable[[str], None]) -> Callable[..., Any]:
    def tell_and_write(*args: Any, **options: Any) -> Any:
        about_to(name)
        return method(*args, **options)

    return tell_and_write
