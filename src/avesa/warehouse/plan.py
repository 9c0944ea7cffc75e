"""What a load has to do: nothing, the change between two versions, or the whole table anew, and then why.

The warehouse says what it holds, the lake what there is. Where the lake's log still leads from the one to the other,
the change is loaded; where it does not, nothing less than the whole table is sure to be right.
"""

from __future__ import annotations

from dataclasses import dataclass

from avesa.canonical_transform.canonical_table import Snapshot
from avesa.shared.errors import ConfigurationError, Where
from avesa.shared.objects import Objects
from avesa.warehouse.delta_log import Step, digest_of, read_entries, read_entry, steps_of
from avesa.warehouse.port import Held, Holding

FIRST = "nothing of it was there"
ASKED = "as asked"
OTHER_TABLE = "the table was made anew in the lake"
BROKEN_OFF = "a load of the whole table had broken off"
LOG_IS_GONE = "the log no longer goes back to what the warehouse holds"
FILES_ARE_GONE = "files of the version that the warehouse holds are gone"


@dataclass(frozen=True)
class Nothing:
    """The warehouse holds what there is, or there is no such table on either side."""


@dataclass(frozen=True)
class Anew:
    """All the rows, and why."""

    then: Held
    why: str


@dataclass(frozen=True)
class Change:
    """The rows of some files against those of others. With `more` there is another step after this one."""

    after: Held
    then: Held
    steps: tuple[Step, ...]
    more: bool = False


def plan_load(
    objects: Objects, prefix: str, snapshot: Snapshot, holding: Holding, where: Where, *, anew: bool = False
) -> Nothing | Anew | Change:
    """The next step of a table.

    Raises ConfigurationError where what the warehouse holds is no earlier version of what there is: the lake was set
    back, or is another one. Only who is `anew` may have one take the place of the other.
    """
    if snapshot.table_id is None:
        if holding.held is None:
            return Nothing()
        raise _gone(holding.held, where)
    now = Held(snapshot.table_id, snapshot.version, "", sum(file.rows for file in snapshot.files))
    held, begun = holding.held, holding.begun
    if not anew and held is not None and held.table_id == now.table_id:
        if max(held.version, begun.version if begun else -1) > now.version:
            raise _set_back(held, f"the lake is at version {now.version}", where)
        if held.version == now.version and begun is None:
            return _still_the_same(objects, prefix, held, where)
        return _change(objects, prefix, held, holding, now, where)
    if not anew and held is not None and not _is_logged(objects, prefix, held):
        raise _other_table(held, where)
    entry = read_entry(objects, prefix, now.version)
    now = Held(now.table_id, now.version, digest_of(entry) if entry is not None else "", now.rows)
    return Anew(now, _why_anew(holding, anew=anew))


def _why_anew(holding: Holding, *, anew: bool) -> str:
    if anew:
        return ASKED
    if holding.held is not None:
        return OTHER_TABLE
    return BROKEN_OFF if holding.begun is not None else FIRST


def _is_logged(objects: Objects, prefix: str, held: Held) -> bool:
    """Whether the table's log has that very version, whatever became of the table since."""
    entry = read_entry(objects, prefix, held.version)
    return entry is not None and digest_of(entry) == held.log_entry


def _still_the_same(objects: Objects, prefix: str, held: Held, where: Where) -> Nothing:
    entry = read_entry(objects, prefix, held.version)
    if entry is not None and digest_of(entry) != held.log_entry:
        raise _set_back(held, "the lake's version of that number is another", where)
    return Nothing()


def _change(objects: Objects, prefix: str, held: Held, holding: Holding, now: Held, where: Where) -> Anew | Change:
    begun = holding.begun
    entries = read_entries(objects, prefix, held.version, now.version)
    if entries is None:
        entry = read_entry(objects, prefix, now.version)
        now = Held(now.table_id, now.version, digest_of(entry) if entry is not None else "", now.rows)
        return Anew(now, LOG_IS_GONE)
    if digest_of(entries[0]) != held.log_entry:
        raise _set_back(held, "the lake's version of that number is another", where)
    then = Held(now.table_id, now.version, digest_of(entries[-1]), now.rows)
    if begun is not None and (holding.begun_anew or begun.table_id != now.table_id):
        return Anew(then, BROKEN_OFF)
    if begun is not None:
        reached = entries[begun.version - held.version]
        if digest_of(reached) != begun.log_entry:
            raise _set_back(begun, "the lake's version of that number is another", where)
        then, entries = begun, entries[: begun.version - held.version + 1]
    steps = steps_of(entries[1:])
    if steps is None:
        return Anew(Held(now.table_id, now.version, then.log_entry, now.rows), OTHER_TABLE)
    return Change(held, then, steps, more=then.version < now.version)


def _set_back(held: Held, there: str, where: Where) -> ConfigurationError:
    return ConfigurationError(
        f"the warehouse holds version {held.version}, but {there}: the lake was set back to an older state.",
        where=where,
        hint="If this is the right lake, load the table anew: --anew",
    )


def _other_table(held: Held, where: Where) -> ConfigurationError:
    return ConfigurationError(
        f"the warehouse holds version {held.version} of another table of that name: the lake's log lacks it.",
        where=where,
        hint="It was loaded from another lake, or the table's folder was moved away since, or a mapping changed its "
        "columns and the last load is more than 30 days old. If this is the right lake, load the table anew: --anew",
    )


def _gone(held: Held, where: Where) -> ConfigurationError:
    return ConfigurationError(
        f"the warehouse holds version {held.version}, but there is no such table in the lake.",
        where=where,
        hint="If this is the right lake, fold it again: avesa transform. Or delete its rows there: "
        f"avesa warehouse forget {where.tenant} --table {where.table}",
    )
