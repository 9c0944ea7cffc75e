"""A warehouse's password reaches its server as it is, and appears in nothing that is said, however it is repeated."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from avesa.shared.errors import AvesaError, ConfigurationError, UsageError
from avesa.shared.hiding import hidden
from avesa.warehouse.address import PASSWORD_VARIABLES, VARIABLE, Address, secrets_in, warehouse_address
from avesa.warehouse.opening import open_warehouse
from avesa.warehouse.schemas import Schemas
from repeating_servers import RepeatingClickHouse, RepeatingPostgres, repeating_clickhouse, repeating_postgres
from spellings import DIGITS, ESCAPES

OPTIONS = "sslmode=disable&gssencmode=disable"
SPELLINGS = ESCAPES | DIGITS
passwords = st.text(
    st.characters(codec="utf-8", min_codepoint=32) | st.sampled_from("%+@:/?#'\"\\&="), min_size=4, max_size=12
).filter(lambda text: text.strip() == text)
few = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(autouse=True)
def nothing_in_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (VARIABLE, *PASSWORD_VARIABLES):
        monkeypatch.setenv(name, "")  # so that what a test puts there is taken away again
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "none"))


@pytest.fixture(scope="module")
def postgres() -> Iterator[RepeatingPostgres]:
    pytest.importorskip("adbc_driver_postgresql")
    with repeating_postgres() as server:
        yield server


@pytest.fixture(scope="module")
def clickhouse() -> Iterator[RepeatingClickHouse]:
    with repeating_clickhouse() as server:
        yield server


def refused(url: str) -> AvesaError:
    """What comes of opening the warehouse at the address that the environment holds."""
    os.environ[VARIABLE] = url
    with pytest.raises(AvesaError) as told, open_warehouse(warehouse_address(None), Schemas()):
        pass
    return told.value


def all_said(error: AvesaError) -> str:
    return "".join(traceback.format_exception(error)) + error.message + error.hint + repr(error)


@few
@given(password=passwords, spelling=st.sampled_from(sorted(SPELLINGS)), place=st.sampled_from(["url", "query", "env"]))
@example(password="pass word", spelling="plain", place="query")
@example(password="pass+word", spelling="plain", place="query")
def test_what_postgresql_repeats_is_hidden(
    postgres: RepeatingPostgres, password: str, spelling: str, place: str
) -> None:
    spelled = SPELLINGS[spelling](password)
    postgres.answers(lambda heard: f"«{SPELLINGS[spelling](heard.decode())}» was wrong".encode())
    quoted = quote(password, safe="")
    os.environ["PGPASSWORD"] = password if place == "env" else ""
    user = f"loader:{quoted}" if place == "url" else "loader"
    error = refused(f"postgresql://{user}@{postgres.place}/w?{OPTIONS}{f'&password={quoted}' * (place == 'query')}")
    assert postgres.heard[-1].decode() == password
    assert isinstance(error, ConfigurationError)
    assert "refuses the login: «***» was wrong" in error.message
    assert f"«{spelled}»" not in all_said(error)


@few
@given(password=passwords, spelling=st.sampled_from(sorted(SPELLINGS)), from_address=st.booleans())
@example(password="(HUNTER2)", spelling="plain", from_address=False)
@example(password="(HUNTER2)", spelling="percent", from_address=True)
def test_what_clickhouse_repeats_is_hidden(
    clickhouse: RepeatingClickHouse, password: str, spelling: str, from_address: bool
) -> None:
    clickhouse.says = lambda heard: SPELLINGS[spelling](heard.decode()).encode()
    os.environ["CLICKHOUSE_PASSWORD"] = "" if from_address else password
    user = f"loader:{quote(password, safe='')}" if from_address else "loader"
    error = refused(f"clickhouse://{user}@{clickhouse.place}/")
    assert clickhouse.heard[-1].decode() == password
    assert error.message == "the ClickHouse server refuses it (HTTP 500)."
    assert error.__context__ is None


@pytest.mark.parametrize("spelled", ["%FF-hunter2", "caf%E9-hunter2"])
def test_a_password_that_is_no_text_reaches_the_server_and_is_hidden(
    postgres: RepeatingPostgres, clickhouse: RepeatingClickHouse, spelled: str
) -> None:
    postgres.answers(lambda heard: b"bad word " + heard)
    assert refused(f"postgresql://loader:{spelled}@{postgres.place}/w?{OPTIONS}").message.endswith(": bad word ***")
    refused(f"clickhouse://loader:{spelled}@{clickhouse.place}/")
    assert clickhouse.heard[-1] == postgres.heard[-1]
    assert b"hunter2" in clickhouse.heard[-1]


def test_a_password_is_hidden_before_the_message_is_cut(postgres: RepeatingPostgres) -> None:
    long = "a-token-" + "0123456789" * 130
    os.environ["PGPASSWORD"] = f"{long}\nand-more"
    postgres.answers(lambda heard: b"bad word " + heard)
    # The driver cuts what it says at a thousand characters, and of that a line is told.
    assert refused(f"postgresql://loader@{postgres.place}/w?{OPTIONS}").message.endswith(": bad word ***")
    os.environ["PGPASSWORD"] = "hunter2\nand-more"
    assert refused(f"postgresql://loader@{postgres.place}/w?{OPTIONS}").message.endswith(": bad word ***")


def test_a_password_of_libpqs_own_file_is_hidden(
    postgres: RepeatingPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "pgpass"
    host, _, port = postgres.place.partition(":")
    file.write_text(f"# mine\n\n*:*:other\\:one:*:none\n{host}:{port}:*:loader:hun\\\\ter\\:2:3\n")
    file.chmod(0o600)
    postgres.answers(lambda heard: b"bad word " + heard)
    address = f"postgresql://loader@{postgres.place}/w?{OPTIONS}"
    from_there = f': bad word ***; password retrieved from file "{file}"'
    monkeypatch.setenv("PGPASSFILE", str(file))
    assert refused(address).message.endswith(from_there)
    monkeypatch.delenv("PGPASSFILE")
    assert refused(f"{address}&passfile={file}").message.endswith(from_there)
    assert postgres.heard[-2:] == [b"hun\\ter:2"] * 2


@pytest.mark.parametrize(
    "rest",
    [
        "loader:hunter@2@h/w",
        "loader:12/hunter2@h/w",
        "loader:12?hunter2@h/w",
        "loader:12#hunter2@h/w",
        "loader:hunter2%@h/w",
        "loader:hunter2%zz@h/w",
        "loader:hunter2%00@h/w",
        "h/w?password=hunter2@x",
        "loader:hunter2@[h/w",
        "loader:hunter2\u2100@h/w",
        "loader:hunter2\udcff@h/w",
    ],
)
@pytest.mark.parametrize("scheme", ["postgresql", "clickhouse"])
def test_an_address_in_which_a_password_may_be_taken_for_a_host_is_refused(scheme: str, rest: str) -> None:
    url = f"{scheme}://{rest}"
    assert "hunter" not in hidden(f"bad address {url}!", secrets_in(url))
    for typed in (None, url):
        os.environ[VARIABLE] = url
        with pytest.raises(UsageError) as told:
            warehouse_address(typed)
        assert "hunter" not in all_said(told.value)


def test_an_address_without_slashes_is_refused() -> None:
    for url in ("postgresql:loader:hunter2@h/w", "postgresql:/loader:hunter2@h/w"):
        with pytest.raises(UsageError, match="in more than one way"):
            warehouse_address(url)


@given(password=passwords)
def test_no_repr_and_nothing_that_is_shown_holds_a_password(password: str) -> None:
    quoted = quote(password, safe="")
    for scheme in ("postgresql", "clickhouse"):
        os.environ[VARIABLE] = f"{scheme}://loader:{quoted}@h/w?sslpassword={quoted}&oauth_client_secret={quoted}"
        address = warehouse_address(None)
        clean = Address(address.kind, f"{scheme}://loader@h/w", "")
        assert repr(address) == repr(clean)
        assert address.digest == clean.digest
        assert {password, quoted} <= {*address.secrets, *secrets_in(address.url)}


def test_a_file_takes_no_password_and_the_one_given_is_not_repeated() -> None:
    for url in ("duckdb:///w?password=hunter2", "duckdb://loader:hunter2@h/w"):
        os.environ[VARIABLE] = url
        for typed in (None, url):
            with pytest.raises(UsageError) as told:
                warehouse_address(typed)
            assert "hunter" not in all_said(told.value)


@pytest.mark.parametrize("word", ["hunter2\n", "hunter2\r\n", "hunter2\x01"])
def test_a_password_that_no_header_can_hold_is_told_and_not_shown(clickhouse: RepeatingClickHouse, word: str) -> None:
    error = refused(f"clickhouse://loader:{quote(word)}@{clickhouse.place}/")
    assert "the password for ClickHouse holds a line break" in error.message
    assert "hunter2" not in all_said(error)
