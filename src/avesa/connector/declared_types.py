"""Whether each field of a declaration holds what its annotation says, down to the last part. A text where a tuple
belongs would else be taken letter by letter, and a word that means nothing would never be missed.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import timedelta
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

Fits = Callable[[object], bool]

_LONGEST_SHOWN = 60
_PLAIN = (str, int, timedelta)
_BUILT_IN: Mapping[str, Any] = {"str": str, "int": int, "float": float, "bool": bool, "None": None}
_WORDS: Mapping[object, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "True or False",
    bytes: "bytes",
    type(None): "None",
    timedelta: "a timedelta",
    frozenset: "a frozenset",
}


@dataclass(frozen=True)
class Mistake:
    """`at` is the way to the value from where the search began, such as `errors.codes[1].means`."""

    at: str
    says: str


def mistakes(part: object) -> Iterator[Mistake]:
    """What does not hold what it should, in a dataclass and all that it is made of.

    Raises ValueError for a field whose annotation cannot be looked up.
    """
    yield from _in_part(part, "", set())


def _in_part(value: object, at: str, seen: set[int]) -> Iterator[Mistake]:
    if isinstance(value, tuple):
        for place, inner in enumerate(value):
            yield from _in_part(inner, f"{at}[{place}]", seen)
    elif is_dataclass(value) and not isinstance(value, type) and id(value) not in seen:
        seen.add(id(value))
        class_ = type(value)
        for name, default, told in _fields(class_):
            held = getattr(value, name)
            if held is default:
                continue
            hint, fits = _kind(class_, name, told)
            where = f"{at}.{name}" if at else name
            if not fits(held):
                yield _mistake(held, hint, where)
            elif not isinstance(held, _PLAIN):
                yield from _in_part(held, where, seen)


@cache
def _fields(class_: type) -> tuple[tuple[str, object, Any], ...]:
    """Names, defaults and annotations: what was left out needs no look, and so its annotation none either."""
    return tuple((one.name, one.default, one.type) for one in fields(class_))


@cache
def _kind(class_: type, name: str, told: Any) -> tuple[Any, Fits]:
    hint = _annotation(class_, name, told)
    return hint, _fitting(hint)


def _annotation(class_: type, name: str, told: Any) -> Any:
    if not isinstance(told, str):
        return told
    owner = next(one for one in class_.__mro__ if name in vars(one).get("__annotations__", {}))
    try:
        return _looked_up(owner.__module__, told)
    except NameError as error:
        raise ValueError(
            f"{class_.__name__}.{name}: its type is looked up to check what it holds, and {error}; "
            "an import under TYPE_CHECKING is not seen there"
        ) from None


@cache
def _looked_up(module: str, told: str) -> Any:
    """What an annotation says, by the names of its module. Looked up alone, and names without more of it directly: all
    of a class would take milliseconds.
    """
    known = vars(sys.modules[module])
    names = told.split(" | ")
    if all(name in known or name in _BUILT_IN for name in names):
        return Union[tuple(known.get(name, _BUILT_IN.get(name)) for name in names)]  # noqa: UP007 — of many at once
    found = get_type_hints(types.SimpleNamespace(__annotations__={"told": told}), known)
    return found["told"]


@cache
def _fitting(hint: Any) -> Fits:
    """Whether a value is of a type. Of a nested part it tells the class alone: its fields are looked at by themselves.

    Raises TypeError for a kind of annotation that no declaration has used yet.
    """
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        options = tuple(map(_fitting, inner))
        return lambda value: any(fits(value) for fits in options)
    if origin is Literal:
        return lambda value: any(value == one and type(value) is type(one) for one in inner)
    if origin is tuple:
        return _fitting_tuple(inner)
    if origin is frozenset:
        each = _fitting(inner[0])
        return lambda value: isinstance(value, frozenset) and all(map(each, value))
    return _fitting_class(hint if origin is None else origin)


def _fitting_class(hint: Any) -> Fits:
    if hint is Any:
        return lambda _: True
    if not isinstance(hint, type):
        raise TypeError(f"no way is known to check the annotation {hint}")
    if getattr(hint, "_is_protocol", False):
        return _speaking(hint)
    if hint in (int, float):
        # A flag is a number to Python alone.
        numbers = (int, float) if hint is float else int
        return lambda value: isinstance(value, numbers) and not isinstance(value, bool)
    return lambda value: isinstance(value, hint)


def _fitting_tuple(inner: tuple[Any, ...]) -> Fits:
    if inner[-1] is Ellipsis:
        each = _fitting(inner[0])
        return lambda value: isinstance(value, tuple) and all(map(each, value))
    some = tuple(map(_fitting, inner))
    return lambda value: (
        isinstance(value, tuple)
        and len(value) == len(some)
        and all(fits(one) for fits, one in zip(some, value, strict=True))
    )


def _speaking(protocol: type) -> Fits:
    """Whether an object has all that a protocol names; a class itself, whose call was forgotten, is none."""
    names = [name for name in vars(protocol) if not name.startswith("_")]

    def speaks(value: object) -> bool:
        held = getattr(value, "__dataclass_fields__", {})
        return not isinstance(value, type) and all(name in held or hasattr(type(value), name) for name in names)

    return speaks


def _mistake(value: object, hint: Any, at: str) -> Mistake:
    """Down to the element that does not fit, where there is one."""
    kind = _tuple_kind(hint)
    if isinstance(value, tuple) and kind is not None:
        inner = get_args(kind)
        if inner[-1] is Ellipsis:
            place, wrong = next((n, one) for n, one in enumerate(value) if not _fitting(inner[0])(one))
            return _mistake(wrong, inner[0], f"{at}[{place}]")
    comma = "; a comma is missing?" if kind is not None and not isinstance(value, (tuple, list)) else ""
    return Mistake(at, f"expected {_expected(hint)}, found {_shown(value)}{comma}")


def _tuple_kind(hint: Any) -> Any:
    """The one kind of tuple that it may be, None where it is none or one of several."""
    options = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    found = [one for one in options if get_origin(one) is tuple]
    return found[0] if len(found) == 1 else None


def _expected(hint: Any) -> str:
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return " or ".join(map(_expected, inner))
    if origin is Literal:
        return ("one of " if len(inner) > 1 else "") + ", ".join(map(repr, inner))
    if origin is tuple and inner[-1] is Ellipsis:
        return f"a tuple (each {_expected(inner[0])})"
    if origin is tuple:
        return f"a tuple ({', '.join(map(_expected, inner))})"
    plain = origin or hint
    return _WORDS.get(plain) or str(getattr(plain, "__name__", plain))


def _shown(value: object) -> str:
    """A plain value itself, of anything else its class."""
    if value is None or isinstance(value, bool):
        return repr(value)
    if isinstance(value, (str, int, float)):
        text = repr(value)
        text = text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
        return f"the text {text}" if isinstance(value, str) else text
    name = type(value).__name__
    return f"the class {value.__name__} itself" if isinstance(value, type) else f"{_article(name)} {name}"


def _article(name: str) -> str:
    return "an" if name[0] in "AEIOU" else "a"
