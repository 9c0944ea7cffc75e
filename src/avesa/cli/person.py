"""Who decides: the name by which the system knows the user, to be written down with the decision."""

from __future__ import annotations

import getpass


def person() -> str | None:
    """None where the system knows no name, as in a container with a user of any number."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return None
