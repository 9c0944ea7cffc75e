"""Which folders can hold the files of an installation. Most can, whatever they are called."""

from __future__ import annotations

import re
from pathlib import Path

from avesa.shared.errors import ConfigurationError

_MISREAD = re.compile(r"%[0-9A-Fa-f]{2}|\\|[\x00-\x1f\x7f]")


def check_folder(folder: Path) -> None:
    """Raises ConfigurationError where the name is no text: databases take no other."""
    try:
        str(folder).encode()
    except UnicodeEncodeError:
        raise ConfigurationError(
            f"nothing can be kept in {str(folder)!r}: its name is not UTF-8.", hint="Use another folder, or rename it."
        ) from None


def check_folder_of_tables(folder: Path) -> None:
    """The same, and where deltalake goes astray: it decodes a path twice, and takes a backslash for what parts folders.

    `folder` is absolute.
    """
    check_folder(folder)
    if _MISREAD.search(folder.as_posix()):
        raise ConfigurationError(
            f"tables cannot lie in {str(folder)!r}: what reads them takes its name for that of another folder.",
            hint="Use a folder without % before two digits, backslashes and control characters in its path.",
        )
