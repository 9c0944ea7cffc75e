"""`avesa services new`: from a vendor's document, or a few words, to a service that the suites hold."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from avesa.cli.service_facts import AuthFacts, EndpointFacts, PagingFacts, SettingFacts, read_openapi
from avesa_program import Avesa
from invented_vendor import invented_document

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "src/avesa/integrations/gatehouse/__init__.py"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the sources that a command may write into."""
    for part in ("src", "tests", "mappings", "scripts"):
        shutil.copytree(ROOT / part, tmp_path / "checkout" / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path / "checkout")
    return tmp_path / "checkout"


@pytest.fixture
def document(tmp_path: Path) -> Path:
    file = tmp_path / "gatehouse.json"
    file.write_text(json.dumps(invented_document()))
    return file


def run(checkout: Path, *command: str) -> str:
    """Run Python in the checkout, with its own sources."""
    path = os.pathsep.join((str(checkout / "src"), str(checkout / "tests")))
    done = subprocess.run(
        [sys.executable, *command],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_from_a_plain_document_to_a_service_that_the_conformance_suite_passes(
    avesa: Avesa, checkout: Path, document: Path
) -> None:
    told = avesa.json("services", "new", "gatehouse", "--openapi", str(document), "--checkout", str(checkout))
    assert told["service"] == "gatehouse"
    assert told["written"] == [
        PACKAGE,
        "tests/integrations/test_gatehouse.py",
        "tests/contracts/gatehouse.json",
        "tests/contracts/rules/gatehouse.json",
    ]
    assert [line.partition(":")[0] for line in told["open"]] == ["auth", "paging", "changes", "limits", "errors"]
    assert any("tests/contracts/README.md" in line for line in told["next"])

    run(checkout, "-m", "ruff", "check", *told["written"][:2])
    run(checkout, "-m", "ruff", "format", "--check", *told["written"][:2])
    tests = ("tests/integrations/test_gatehouse.py", "tests/conformance/test_services.py")
    shown = run(checkout, "-m", "pytest", "-n0", "-p", "no:cacheprovider", *tests, "-k", "gatehouse")
    assert " passed" in shown


def feeding(tmp_path: Path, canonical: str, **fields: Any) -> Path:
    """A document whose customers feed a canonical table, with more fields than they have."""
    whole = invented_document()
    facts = {"records": "data", "primary_key": ["id"], "cursor_field": "updatedAt", "parent": None}
    whole["paths"]["/customers"]["get"]["x-endpoint"] = {"name": "customers", "canonical": canonical, **facts}
    whole["paths"] = {"/customers": whole["paths"]["/customers"]}
    whole["components"]["schemas"]["Customer"]["properties"] |= fields
    file = tmp_path / "told.json"
    file.write_text(json.dumps(whole))
    return file


MAPPING_TEST = "tests/canonical_transform/test_mapping_gatehouse.py"


def test_a_mapping_begins_with_the_fields_that_are_named_as_columns(
    avesa: Avesa, checkout: Path, tmp_path: Path
) -> None:
    fields = {
        "postalCode": {"type": "string"},
        "annualRevenue": {"type": "number"},
        "employeeCount": {"type": "boolean"},  # no number
        "statusCategory": {"type": "string"},  # a closed list needs a map
        "sourceId": {"type": "string"},  # no column that a mapping fills
        "tags": {"type": "string"},  # a list of words, or who knows
        "country": {"type": "object", "properties": {"code": {"type": "string"}}},
        "odd.city": {"type": "string"},
    }
    before = json.loads((checkout / "mappings/companies.json").read_text())
    file = feeding(tmp_path, "companies", **fields)
    told = avesa.json("services", "new", "gatehouse", "--openapi", str(file), "--checkout", str(checkout))
    assert told["written"][-2:] == [MAPPING_TEST, "mappings/companies.json"]
    assert any(line.startswith("Go through mappings/companies.json") for line in told["next"])
    after = json.loads((checkout / "mappings/companies.json").read_text())
    drafted = after["sources"].pop("gatehouse")["customers"]
    named = ("name", "phone", "postal_code", "annual_revenue", "is_active")
    assert list(drafted) == [column for column in before["columns"] if column in named]
    assert drafted["is_active"] == "active" and drafted["postal_code"] == "postalCode"
    assert after == before

    run(checkout, "scripts/format_mappings.py", "--check")
    tests = (MAPPING_TEST, "tests/conformance/test_mappings.py")
    assert " passed" in run(checkout, "-m", "pytest", "-n0", "-p", "no:cacheprovider", *tests, "-k", "gatehouse")


def test_a_mapping_is_asked_for_where_no_field_is_named_as_a_column(
    avesa: Avesa, checkout: Path, tmp_path: Path
) -> None:
    before = (checkout / "mappings/opportunities.json").read_text()
    file = feeding(tmp_path, "opportunities", name={"type": "object"})
    told = avesa.json("services", "new", "gatehouse", "--openapi", str(file), "--checkout", str(checkout))
    assert told["written"][-1] == MAPPING_TEST
    assert any(line.startswith("Map customers in mappings/opportunities.json") for line in told["next"])
    assert (checkout / "mappings/opportunities.json").read_text() == before


@pytest.mark.parametrize(
    ("canonical", "says"), [("no_such_table", "there is no canonical table"), ("companies", "has gatehouse already")]
)
def test_a_mapping_that_cannot_be_drafted_stops_it_before_anything_is_written(
    avesa: Avesa, checkout: Path, tmp_path: Path, canonical: str, says: str
) -> None:
    mapping = checkout / "mappings/companies.json"
    companies = json.loads(mapping.read_text())
    companies["sources"]["gatehouse"] = {"sites": {"name": "label"}}
    mapping.write_text(json.dumps(companies))
    before = sorted(checkout.rglob("*"))
    file = feeding(tmp_path, canonical)
    told = avesa("services", "new", "gatehouse", "--openapi", str(file), "--checkout", str(checkout), code=2)
    assert says in told.stderr and "Nothing was written" in told.stderr
    assert sorted(checkout.rglob("*")) == before


def test_a_few_words_are_enough_for_a_declaration(avesa: Avesa, checkout: Path) -> None:
    words = ("--title", "Gatehouse", "--base-url", "https://{region}.gatehouse.example/v1", "--category", "security")
    lists = ("--endpoint", "customers=/customers", "--endpoint", "doors=/{building}/doors")
    told = avesa("services", "new", "gatehouse", *words, *lists, "--auth", "basic", "--checkout", str(checkout))
    assert "Gatehouse has 2 tables" in told.stdout
    shown = json.loads(
        run(checkout, "-c", "from avesa.cli.main import main; main()", "services", "gatehouse", "--json")
    )
    assert (shown["title"], shown["category"], shown["auth"]) == ("Gatehouse", "security", "basic")
    assert [one["name"] for one in shown["settings"]] == ["building", "region", "base_url"]
    assert shown["secrets"] == ["username", "password"]
    assert [one["name"] for one in shown["endpoints"]] == ["customers", "doors"]


def test_without_a_document_nothing_is_asked_that_needs_one(avesa: Avesa, checkout: Path) -> None:
    words = ("--base-url", "https://gatehouse.example", "--endpoint", "customers=/customers")
    told = avesa.json("services", "new", "gatehouse", *words, "--checkout", str(checkout))
    run_, contract = (line for line in told["next"] if line.startswith(("Run python", "Make a contract")))
    assert "demo" not in str(told["next"]) and "conformance -k" not in str(told["next"])
    assert told["next"].index(run_) < told["next"].index(contract)
    command = run_.removeprefix("Run python ").split()
    assert " passed" in run(checkout, *command, "-p", "no:cacheprovider")
    assert told["next"][-1].startswith("Run make format") and told["next"][-1].endswith("then make lint.")


def test_an_address_that_is_none_of_its_own_has_to_be_given(avesa: Avesa, checkout: Path, tmp_path: Path) -> None:
    file = tmp_path / "relative.json"
    words = ("services", "new", "gatehouse", "--openapi", str(file), "--checkout", str(checkout))
    for servers in ([{"url": "/v2"}], []):
        file.write_text(json.dumps({**invented_document(), "servers": servers}))
        assert "Give --base-url https://" in avesa(*words, code=2).stderr
    avesa(*words, "--base-url", "https://gatehouse.example/v2")


def test_names_and_paths_stay_as_the_vendor_writes_them(avesa: Avesa, checkout: Path, tmp_path: Path) -> None:
    document = invented_document()
    document["info"]["title"] = "Oddw\u00e4rk \u201cDesk\u201d \u2013 it\u2019s"
    odd = """/th"ings's\\of"""
    document["paths"] = {odd: document["paths"]["/customers"]}
    document["paths"][odd]["get"]["x-endpoint"] = {
        "name": "things",
        "records": 'da"ta, (more',
        "primary_key": ["id", "r\u00e9f"],
        "updated_at": None,
        "cursor_field": "long_" * 20,
    }
    file = tmp_path / "odd.json"
    file.write_text(json.dumps(document))
    told = avesa.json("services", "new", "gatehouse", "--openapi", str(file), "--checkout", str(checkout))
    code = (
        "from avesa.integrations import load_service as s; g = s('gatehouse'); e = g.endpoints[0];"
        "print([g.title, e.path, e.records, e.key])"
    )
    shown = ast.literal_eval(run(checkout, "-c", code))
    assert shown == ['Oddw\u00e4rk "Desk" - it\'s', odd, 'da"ta, (more', ("id", "r\u00e9f")]
    run(checkout, "-m", "ruff", "check", *told["written"][:2])
    run(checkout, "-m", "ruff", "format", "--check", *told["written"][:2])


def test_a_list_whose_records_are_made_of_parts_passes_the_conformance_suite(
    avesa: Avesa, checkout: Path, tmp_path: Path
) -> None:
    document = invented_document()
    schemas = document["components"]["schemas"]
    schemas["Named"] = {"type": "object", "properties": {"id": schemas["Customer"]["properties"].pop("id")}}
    schemas["Whole"] = {"allOf": [{"$ref": "#/components/schemas/Named"}], **schemas["Customer"]}
    page = document["paths"]["/customers"]["get"]["responses"]["200"]["content"]["application/json"]
    page["schema"]["properties"]["data"]["items"] = {"$ref": "#/components/schemas/Whole"}
    page["schema"] = {"allOf": [page["schema"]]}
    file = tmp_path / "parts.json"
    file.write_text(json.dumps(document))
    avesa("services", "new", "gatehouse", "--openapi", str(file), "--checkout", str(checkout))
    tests = ("tests/integrations/test_gatehouse.py", "tests/conformance/test_services.py")
    shown = run(checkout, "-m", "pytest", "-n0", "-p", "no:cacheprovider", *tests, "-k", "gatehouse")
    assert " passed" in shown


def test_a_request_whose_body_is_told_elsewhere_is_read(avesa: Avesa, checkout: Path, tmp_path: Path) -> None:
    document = invented_document()
    operation = document["paths"]["/customers"].pop("get")
    operation["x-endpoint"] = {"name": "customers", "records": "data", "primary_key": ["id"], "parent": None}
    operation["requestBody"] = {"$ref": "#/components/requestBodies/Search"}
    answer = operation["responses"]["200"]
    operation["responses"]["200"] = {"$ref": "#/components/responses/Page"}
    document["components"] |= {
        "requestBodies": {"Search": {"content": {"multipart/form-data": {}}}},
        "responses": {"Page": answer},
    }
    document["paths"]["/customers"]["post"] = operation
    # What many documents leave out, or say in another way.
    del operation["x-endpoint"]["records"], document["servers"][0]["variables"]["region"]["default"]
    document["components"]["schemas"]["Anything"] = True
    file = tmp_path / "posted.json"
    file.write_text(json.dumps(document))
    avesa("services", "new", "gatehouse", "--openapi", str(file), "--checkout", str(checkout))
    facts = json.loads((checkout / "tests/contracts/gatehouse.json").read_text())
    posted = facts["paths"]["/customers"]["post"]
    assert list(facts["paths"]) == ["/customers"] and posted["answer"]["data"] == "[Customer]"
    assert posted["endpoints"][0]["records"] == "" and facts["servers"] == ["https://.gatehouse.example/v1"]


def test_no_file_is_written_over(avesa: Avesa, checkout: Path, document: Path) -> None:
    rules = checkout / "tests/contracts/rules/gatehouse.json"
    rules.write_text("mine")
    told = avesa("services", "new", "gatehouse", "--openapi", str(document), "--checkout", str(checkout), code=2)
    assert "tests/contracts/rules/gatehouse.json" in told.stderr and "Nothing was written" in told.stderr
    assert rules.read_text() == "mine"
    assert not (checkout / PACKAGE).exists()


@pytest.mark.parametrize("name", ["Gate", "gate-house", "1gate", "class", "new", "gate house", "../gate", "g" * 64])
def test_a_name_that_cannot_be_a_packages_is_refused(avesa: Avesa, checkout: Path, name: str) -> None:
    before = sorted(checkout.rglob("*"))
    lists = ("--base-url", "https://gatehouse.example", "--endpoint", "a=/a")
    assert "cannot be the name" in avesa("services", "new", name, *lists, "--checkout", str(checkout), code=2).stderr
    assert sorted(checkout.rglob("*")) == before


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "needs an address and at least one list"),
        (("--base-url", "https://a.example"), "needs an address and at least one list"),
        (("--base-url", "https://a.example", "--endpoint", "a"), "is not NAME=PATH"),
        (("--base-url", "https://a.example", "--endpoint", "a=/a", "--auth", "header"), "needs --auth-at"),
        (("--base-url", "https://a.example", "--endpoint", "a=/a", "--endpoint", "a=/b"), "named twice: a"),
        (("--base-url", "notaurl", "--endpoint", "a=/a"), "'notaurl' is no address of a service"),
        (("--base-url", "http://a.example", "--endpoint", "a=/a"), "begin with https://"),
        (("--base-url", "https:///v1", "--endpoint", "a=/a"), "Give --base-url https://"),
        (
            ("--base-url", "https://a.example", "--endpoint", "a=/a", "--auth", "oauth2", "--auth-at", "/token"),
            "Give --auth-at https://",
        ),
    ],
)
def test_what_is_missing_is_told(avesa: Avesa, checkout: Path, words: tuple[str, ...], says: str) -> None:
    assert says in avesa("services", "new", "gate", *words, "--checkout", str(checkout), code=2).stderr


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("openapi: 3.0.3", "is not JSON"),
        ("[]", "cannot be read as an OpenAPI document"),
        ('{"paths": {"/a": {"get": {"responses": {}}}}}', "no operation that answers with a list"),
    ],
)
def test_a_document_that_says_nothing_is_told(
    avesa: Avesa, checkout: Path, tmp_path: Path, content: str, says: str
) -> None:
    file = tmp_path / "odd.json"
    file.write_text(content)
    told = avesa("services", "new", "gate", "--openapi", str(file), "--checkout", str(checkout), code=2)
    assert says in told.stderr


def test_it_says_so_where_there_are_no_sources(avesa: Avesa, tmp_path: Path) -> None:
    told = avesa("services", "new", "gate", "--checkout", str(tmp_path), code=2)
    assert "is no checkout" in told.stderr


def test_what_a_plain_document_tells() -> None:
    facts = read_openapi("gatehouse", invented_document())
    assert (facts.title, facts.base_url) == ("Gatehouse", "https://{region}.gatehouse.example/v1")
    assert facts.settings == (SettingFacts("region", "eu"),)
    assert (facts.auth, facts.secrets) == (AuthFacts("header", "X-Gate-Key"), ("api_key",))
    assert facts.paging == PagingFacts("page", "page", "per_page", 200)
    customers, sites = facts.endpoints
    assert (customers.name, customers.records, customers.key) == ("customers", "data", ("id",))
    assert customers.updated_at == "updatedAt"
    assert customers.sample["phone"] == "phone 3"
    assert (sites.name, sites.path, sites.updated_at) == ("sites", "/customers/{customerId}/sites", None)
    assert sites.parent == ("customers", "customerId")


def test_a_document_of_the_newer_kind_tells_the_same() -> None:
    document = invented_document()
    properties = document["components"]["schemas"]["Customer"]["properties"]
    properties["phone"] = {"type": ["string", "null"]}
    page = document["paths"]["/customers"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    page["properties"]["data"]["type"] = ["null", "array"]
    assert read_openapi("gatehouse", document).endpoints == read_openapi("gatehouse", invented_document()).endpoints


def told(auth: str, *secrets: str, settings: tuple[str, ...] = ()) -> dict[str, Any]:
    endpoint = {"name": "things", "records": "", "primary_key": ["id"], "parent": None}
    return {
        "x-service": {"title": "T", "auth": auth, "tenant_secrets": secrets, "tenant_settings": settings},
        "paths": {"/things": {"get": {"x-endpoint": endpoint, "responses": {}}}},
    }


@pytest.mark.parametrize(
    ("prose", "expected"),
    [
        ("HTTP Basic: the key as user name.", AuthFacts("basic")),
        ("Header X-API-KEY: <key> on each request.", AuthFacts("header", "X-API-KEY")),
        ("Authorization: Bearer <token>; or OAuth2: POST https://a.example/token.", AuthFacts("bearer")),
        ("POST https://{authHost}/oauth2/token, form.", AuthFacts("oauth2", "https://{auth_host}/oauth2/token")),
    ],
)
def test_how_a_document_says_who_asks(prose: str, expected: AuthFacts) -> None:
    facts = read_openapi("t", told(prose, "client_id", "client_secret"))
    assert facts.auth == expected
    assert ("auth_host" in {one.name for one in facts.settings}) == ("{" in expected.at)
    assert facts.open[0] == f"auth: taken for {expected.kind}; {prose}"


def test_settings_and_secrets_that_a_document_names() -> None:
    settings = ("site (host, e.g. a.example)", "codebase (default v4)", "optional things to read")
    facts = read_openapi("t", told("HTTP Basic", "key_one (public)", "user + password, or token", settings=settings))
    assert facts.secrets == ("key_one", "user", "password", "token")
    assert facts.settings == (
        SettingFacts("site", None, "host, e.g. a.example"),
        SettingFacts("codebase", "v4", "default v4"),
    )
    assert facts.endpoints == (EndpointFacts("things", "/things"),)
