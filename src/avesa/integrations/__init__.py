"""The catalogue of services. Each is one package here that declares `SERVICE`; only the one asked for is imported."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
import traceback
from functools import cache
from pathlib import Path

from avesa.connector.service import Service
from avesa.shared.errors import ConfigurationError, UsageError, Where


@cache
def service_names() -> tuple[str, ...]:
    """Names of all services, sorted. Imports none of them."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__) if module.ispkg))


@cache
def load_service(name: str) -> Service:
    """The declaration of one service. Raises UsageError with the closest names for an unknown one, ConfigurationError
    with file and line for one whose declaration is none.
    """
    if name not in service_names():
        close = difflib.get_close_matches(name, service_names(), n=3, cutoff=0.5)
        raise UsageError(
            f"There is no service {name!r}.",
            hint=f"Did you mean {' or '.join(close)}?" if close else "Run: avesa services",
        )
    try:
        service = importlib.import_module(f"{__name__}.{name}").SERVICE
    except Exception as error:
        raise _broken(name, _said(error), _place(name, error)) from error
    if not isinstance(service, Service):
        raise _broken(name, "SERVICE is no Service", _package(name))
    if service.name != name:
        raise _broken(name, f"its folder has another name than {service.name}", _package(name))
    return service


def _broken(name: str, why: str, place: str) -> ConfigurationError:
    return ConfigurationError(
        f"Its declaration cannot be used: {why}.",
        where=Where(service=name),
        hint=f"Mend {place}",
    )


def _package(name: str) -> str:
    return str(next(Path(found) for found in __path__ if (Path(found) / name).is_dir()) / name / "__init__.py")


def _place(name: str, error: Exception) -> str:
    """File and line of the declaration that it happened in: of a call, where that begins."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}, line {error.lineno}"
    folder = Path(_package(name)).parent
    own = [one for one in traceback.extract_tb(error.__traceback__) if Path(one.filename).is_relative_to(folder)]
    return f"{own[-1].filename}, line {own[-1].lineno}" if own else _package(name)


def _said(error: Exception) -> str:
    """What a check of ours says stands alone; what Python says needs the kind of error to be understood."""
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return text.rstrip(".") if type(error) is ValueError else f"{type(error).__name__}: {text}".rstrip(".")
