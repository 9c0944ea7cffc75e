"""How a vendor is asked for what changed and for what was deleted: what a service declares, and where it stands in a
request. All pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar
from urllib.parse import quote

from avesa.connector.json_template import Body
from avesa.connector.paging import Paging
from avesa.connector.request import Params, Request
from avesa.connector.template import fill_names
from avesa.connector.times import Form, Written, zoned_form, zones


@dataclass(frozen=True)
class InParams:
    """Asked for with parameters; each value is a template over `{since}` and `{until}` (or `{token}`), the `{year}` and
    `{month}` of the first in UTC, and `{filter}`, the text that the parameter has in a listing. With `whole` the
    beginning names the whole window, such as a day of which everything is told.
    """

    pairs: Params
    whole: bool = False

    @property
    def names_an_end(self) -> bool:
        return self.whole or any("{until}" in value for _, value in self.pairs)

    def put(self, request: Request, values: Mapping[str, str]) -> Request:
        held = dict(request.params)
        texts = ((name, fill_names(value, {**values, "filter": held.get(name, "")})) for name, value in self.pairs)
        return request.with_params(*texts)


@dataclass(frozen=True)
class InHeader:
    """Asked for with a header, its value a template as in `InParams`."""

    name: str
    value: str = "{since}"

    @property
    def names_an_end(self) -> bool:
        return "{until}" in self.value

    def put(self, request: Request, values: Mapping[str, str]) -> Request:
        return request.with_headers((self.name, fill_names(self.value, values)))


@dataclass(frozen=True)
class InBody:
    """Asked for in the JSON body: each pair is a dotted path (a number is the place in a list) and a template as in
    `InParams`. `number` sends the values as numbers instead of texts.
    """

    pairs: Params
    number: bool = False

    @property
    def names_an_end(self) -> bool:
        return any("{until}" in value for _, value in self.pairs)

    def put(self, request: Request, values: Mapping[str, str]) -> Request:
        for path, template in self.pairs:
            text = fill_names(template, values)
            request = request.with_value("body", path, int(text) if self.number else text)
        return request


@dataclass(frozen=True)
class InPath:
    """Asked for in the path, where a vendor has one address for each day: each pair is a name there and a template as
    in `InParams`. Such an address tells of one window and no more, so there is no list without one.
    """

    pairs: Params
    names_an_end: ClassVar[bool] = True

    @property
    def names(self) -> frozenset[str]:
        return frozenset(name for name, _ in self.pairs)

    def put(self, request: Request, values: Mapping[str, str]) -> Request:
        filled = {name: quote(fill_names(value, values), safe="") for name, value in self.pairs}
        return replace(request, url=fill_names(request.url, filled))


Ask = InParams | InHeader | InBody | InPath


@dataclass(frozen=True)
class Events:
    """The changes of all tables come as one list of events, each with the record as it was then.

    An event is of this table if its type (at the dotted path `type`) begins with one of `types`; it is a deletion if
    its type is one of `deleted`. `object` is the path of the record in it. The field of `Changes` is then the event's
    time. Of several within the same instant the newest counts: the first, where the list begins with the newest
    event, else the last.
    """

    types: tuple[str, ...]
    object: str = "data.object"
    deleted: tuple[str, ...] = ()
    type: str = "type"
    newest_first: bool = True


@dataclass(frozen=True)
class Changes:
    """How a vendor is asked for what changed.

    `field` is the dotted path of the last-modified time in a record, None where records have none. `ask` says where
    in a request the window stands; a pair of texts is a parameter and the template of its value. `{since}` and
    `{until}` are moments in `form`: a text is strftime in UTC. A coarser form rounds down. `overlap` is how far behind
    the watermark each window begins.

    `path`, `params`, `records` and `paging` say where changes are asked for, what else is sent, where their list is and
    how it is handed out, if not as in a listing, and `partial` that they hold only what changed. `events` says that
    they come as events.

    `longest_window` is the most that the vendor answers at once: a longer span is asked for piece by piece.
    `end_included` says that an end in whole days is the last of them, and may not lie in the future.
    `kept_for` is how far back the vendor remembers changes: behind that a full listing is due. `only` says that the
    vendor has no list without a window: nothing is ever listed, and the first pull asks for as much as `kept_for`
    reaches back. `most` is how many records an answer to a change request holds where the vendor cuts the rest off
    without a word: a full listing then takes its place.

    `newest_first` says that the vendor cannot be asked from a moment on, but begins its list with the newest: it is
    read until a page lies wholly before the window.

    With `body` they are asked for by POST with this body, whatever the listing's method, parameters and body are (a
    search). `limit_group` is the group of the limits that such requests count in beside those of the endpoint.
    """

    field: str | None
    ask: tuple[str, str] | Ask
    form: str | Form = "%Y-%m-%dT%H:%M:%SZ"
    overlap: timedelta = timedelta(0)
    path: str | None = None
    params: Params | None = None
    records: str | None = None
    partial: bool = False
    longest_window: timedelta | None = None
    end_included: bool = False
    kept_for: timedelta | None = None
    only: bool = False
    most: int | None = None
    newest_first: bool = False
    events: Events | None = None
    paging: Paging | None = None
    body: Body | None = None
    limit_group: str | None = None

    def __post_init__(self) -> None:
        if self.longest_window is not None and self.longest_window <= timedelta(0):
            raise ValueError("longest_window must be longer than nothing")
        if self.longest_window is not None and not self.names_an_end:
            raise ValueError("longest_window needs an {until} in ask")
        if self.only and self.kept_for is None:
            raise ValueError("only needs kept_for: how far back to ask at first")
        if self.only and self.most is not None:
            raise ValueError("most needs a list to fall back on, which there is none of with only")
        if isinstance(self.ask, InPath) and not (self.only and self.longest_window):
            raise ValueError("InPath needs only and longest_window: its address tells of one window alone")

    @property
    def names_an_end(self) -> bool:
        return _ask(self.ask).names_an_end

    @property
    def in_path(self) -> frozenset[str]:
        """The names in a path that a window fills."""
        return self.ask.names if isinstance(self.ask, InPath) else frozenset()

    def of_tenant(self, settings: Mapping[str, str], *, overlap: timedelta | None = None) -> Changes:
        """The same with the tenant's own time zone and overlap."""
        form = zoned_form(self._form, settings)
        return replace(self, form=form, overlap=self.overlap if overlap is None else overlap)

    @property
    def zones(self) -> tuple[str, ...]:
        return zones(self._form)

    def since(self, watermark: datetime) -> datetime:
        """Where the window begins, as the vendor will read it. It answers from that moment on, itself included."""
        return self.rounded(watermark - self.overlap)

    def rounded(self, moment: datetime) -> datetime:
        """The earliest moment that the vendor may take for `moment` when it is written in `form`."""
        return self._form.earliest(self._form.write(moment))

    def asked(self, request: Request, since: datetime, until: datetime | None = None) -> Request:
        values = {"since": self._form.write(since), "year": f"{since:%Y}", "month": str(since.month)}
        if until is not None:
            values["until"] = self._form.write(until)
        return _ask(self.ask).put(request, values)

    @property
    def _form(self) -> Form:
        return Written(self.form) if isinstance(self.form, str) else self.form


@dataclass(frozen=True)
class Delta:
    """The vendor hands out a token at the end of each walk, and with it tells what changed since.

    `token` is the path of the token in the last page, as names one by one since they may hold dots; `in_link` names
    the query parameter that holds it where it comes as an address (nothing else of the address is used). `ask` is
    where the token stands in the next request, a template over `{token}`. `partial` says that a changed record holds
    only what changed. `alone` says that the token stands for the parameters of the first walk too, which then are not
    sent with it. The first walk, and each one after the vendor has forgotten the token, is a full listing.

    `only` says that there is no list: asked without a token, or with one that it has forgotten, the vendor gives a
    token and nothing else, in an answer that the service's errors declare "empty". Under a parent each list has a
    token of its own.
    """

    token: tuple[str, ...]
    ask: tuple[str, str] | Ask
    in_link: str | None = None
    partial: bool = False
    alone: bool = False
    only: bool = False

    def asked(self, request: Request, token: str) -> Request:
        if self.alone:
            request = replace(request, params=())
        return _ask(self.ask).put(request, {"token": token})


@dataclass(frozen=True)
class Deletions:
    """A table's deletions come as a list of their own, which is asked for behind its changes.

    `key` and `at` are the dotted paths of the deleted record's key and of the time of its deletion. `changes` says how
    the list is asked for what was deleted since; `params` are sent with each request.
    """

    path: str
    key: tuple[str, ...]
    changes: Changes
    at: str | None = None
    records: str = ""
    params: Params = ()
    paging: Paging | None = None


def _ask(ask: tuple[str, str] | Ask) -> Ask:
    return InParams((ask,)) if isinstance(ask, tuple) else ask
