"""An address of PostgreSQL means here what it means to libpq, and reaches it as it was written."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from benchmarks.postgres_server import PostgresServer
from hypothesis import assume, example, given
from hypothesis import strategies as st

from avesa.shared.errors import UsageError
from avesa.warehouse.address import Address, warehouse_address
from avesa.warehouse.postgres_session import PostgresSession, _with_defaults
from avesa.warehouse.postgres_uri import parsed, with_options
from libpq_parse import CannotAsk, libpq_settings
from warehouse_sides import PostgresSide

words = st.text(st.characters(codec="utf-8", min_codepoint=32) | st.sampled_from("+%&=/@:,[]?# "), min_size=1)
quoted = words.map(lambda word: quote(word, safe=""))
plus = st.sampled_from(["a+b", "+", "a%20b", "%2B", "1%2b1"])
hosts = (
    st.sampled_from(["h", "H.example.com", "[::1]", "[fe80::1%25eth0]", "10.0.0.1", "%2Frun%2FPostgres", ""]) | quoted
)
ports = st.sampled_from(["", ":", ":5432", ":1"])
places = st.lists(st.builds(str.__add__, hosts, ports), max_size=3).map(",".join)
names = st.sampled_from(
    [
        "options",
        "host",
        "port",
        "user",
        "password",
        "application_name",
        "connect_timeout",
        "client_encoding",
        "passfile",
    ]
)
pairs = st.builds(lambda name, value: f"{name}={value}", names, quoted | plus | st.just(""))


@st.composite
def addresses(draw: st.DrawFn) -> str:
    user = draw(st.just("") | st.builds(str.__add__, quoted | plus, st.just("") | quoted.map(":{}".format)))
    at = "@" if user else draw(st.sampled_from(["", "@"]))
    path = draw(st.sampled_from(["", "/"]) | quoted.map("/{}".format))
    query = draw(st.lists(pairs, max_size=4).map("&".join))
    scheme = draw(st.sampled_from(["postgresql", "postgres"]))
    return f"{scheme}://{user}{at}{draw(places)}{path}{draw(st.sampled_from(['', '?'])) or '?' * bool(query)}{query}"


def read_by_libpq(url: str) -> dict[str, str]:
    try:
        return libpq_settings(url)
    except CannotAsk as reason:
        pytest.skip(str(reason))


@given(url=addresses())
@example(url="postgresql://u@h1:1,[::1]:2,%2Frun%2FPostgres/db?options=-c%20lock_timeout%3D5s")
@example(url="postgresql://")
@example(url="postgresql:///?")
@example(url="postgresql://:5,:6/a+b?host=x&host=y+z&")
def test_it_is_read_as_libpq_reads_it(url: str) -> None:
    assert parsed(url).settings == read_by_libpq(url)


@given(url=addresses())
@example(url="postgresql://h/w?options=-c%20lock_timeout%3D5s")
@example(url="postgresql://h/w?options=a+b&")
@example(url="postgresql://h/w?client_encoding=latin1&CLIENT%5Fencoding=latin1&client%5Fencoding=latin1")
def test_what_is_added_changes_nothing_that_is_said(url: str) -> None:
    said = parsed(url).settings
    assume("CLIENT_encoding" not in said)
    added = {"fallback_application_name": "avesa", "connect_timeout": "10"} | said | {"client_encoding": "UTF8"}
    assert read_by_libpq(_with_defaults(url)) == added


@given(url=addresses(), value=words)
def test_a_value_that_is_added_reaches_libpq_as_it_is(url: str, value: str) -> None:
    assume("fallback_application_name" not in parsed(url).settings)
    more = with_options(url, unless_said={"fallback_application_name": value}, always={})
    assert read_by_libpq(more)["fallback_application_name"] == value


@given(url=addresses(), other=addresses())
def test_what_is_shown_tells_warehouses_apart_and_holds_no_password(url: str, other: str) -> None:
    shown = [_place(_address(one).shown) for one in (url, other)]
    places = [_place(one) for one in (url, other)]
    assert shown == places
    assert "password" not in parsed(_address(url).shown).settings


def _place(url: str) -> dict[str, str]:
    """Who reads what where."""
    said = parsed(url).settings
    host = said.get("host", "")
    place = {name: said.get(name, "") for name in ("port", "dbname", "user")}
    return place | {"host": host if "/" in host else host.lower()}


def _address(url: str) -> Address:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AVESA_WAREHOUSE_URL", url)
        return warehouse_address(None)


@pytest.mark.parametrize("url", ["postgresql://[]/w", "postgresql://[::1/w", "postgresql://[::1]x/w"])
def test_what_libpq_takes_for_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"IPv6|unexpected character"):
        read_by_libpq(url)
    with pytest.raises(UsageError):
        warehouse_address(url)


@pytest.mark.parametrize("url", ["postgresql://h[/w", "postgresql://h:1:2/w"])
def test_what_can_be_no_host_is_refused(url: str) -> None:
    with pytest.raises(UsageError):
        warehouse_address(url)


def test_options_reach_the_server(postgresql_side: PostgresSide) -> None:
    url = f"{postgresql_side.url}&options=-c%20lock_timeout%3D5s%20-c%20search_path%3Da%2Bb"
    session = PostgresSession(warehouse_address(url))
    said = "SELECT current_setting('lock_timeout') AS limit_, current_setting('search_path') AS path"
    assert session.run(said) == [{"limit_": "5s", "path": "a+b"}]
    session.close()


def test_a_server_among_several_is_found(postgresql_side: PostgresSide, postgres: PostgresServer) -> None:
    folder = quote(str(postgres.folder), safe="")
    session = PostgresSession(warehouse_address(f"postgresql://loader@127.0.0.1:1,[::1]:1,{folder}:5432/postgres"))
    assert session.run("SELECT current_user::text AS name") == [{"name": "loader"}]
    session.close()
