"""The bundles as Lambda runs them: built, unpacked, and started by AWS's own runtime client; the sources are not there.

They are built for the Python that runs the tests, by the script and in the way that builds them for the runtime.
"""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from scripts import build_lambda

from avesa.integrations import load_service
from avesa.sandbox.vendor.server import Serving, strict_vendor
from avesa.shared.clock import system_clock
from avesa.shared.tenants import TenantService
from aws_cloud import Cloud, a_run_id
from aws_gate import key_of
from lambda_runtime import RUNTIME, RUNTIME_HAS, Function, LambdaError, running

pytestmark = pytest.mark.bundles

HALO, GOOGLE = "halopsa", "google_workspace"
HERE = f"{sys.version_info.major}.{sys.version_info.minor}"


@dataclass(frozen=True)
class Built:
    ingestion: Path
    transform: Path
    signing: Path
    runtime: Path
    zipped: Path


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("bundles")
    try:
        build_lambda.install([*RUNTIME, *RUNTIME_HAS], folder / "runtime", "x86_64", python=HERE)
        for bundle in build_lambda.BUNDLES:
            made = build_lambda.build(bundle, "x86_64", folder / "dist", python=HERE, compiler=sys.executable)
            with zipfile.ZipFile(made) as zipped:
                zipped.extractall(folder / bundle)
    except SystemExit as reason:
        pytest.skip(str(reason))
    return Built(*(folder / name for name in ("ingestion", "transform", "signing", "runtime", "dist")))


@pytest.fixture
def functions(built: Built, cloud: Cloud, tmp_path: Path) -> Iterator[dict[str, Function]]:
    """All four, each with what it prints in its own file."""
    bundles = {"plan": built.ingestion, "ingestion": built.ingestion, "transform": built.transform}
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(
                running(
                    f"avesa.aws.handlers.{name}",
                    bundle,
                    built.runtime,
                    {**cloud.environment, "AWS_ACCESS_KEY_ID": key_of(name), "AVESA_SCRATCH": str(tmp_path / name)},
                    log=tmp_path / f"{name}.log",
                )
            )
            for name, bundle in {**bundles, "report": built.ingestion}.items()
        }


def connect(cloud: Cloud, serving: Serving, name: str, table: str) -> list[str]:
    """Connect acme to the vendor, for one table. Its secrets."""
    service, held = load_service(name), serving.vendor.credentials.values
    settings = {s.name: held.get(s.name, "example") for s in service.settings if s.required or s.name in held}
    stored = TenantService("acme", name, settings={**settings, "base_url": serving.url}, tables=(table,))
    secrets = {name: held[name] for name in service.secrets}
    cloud.connect(stored, secrets)
    return list(secrets.values())


def test_a_run_goes_through_the_bundles_from_its_plan_to_its_report(
    functions: dict[str, Function], cloud: Cloud, tmp_path: Path
) -> None:
    run = a_run_id()
    with strict_vendor(HALO, clock=system_clock) as serving:
        secrets = connect(cloud, serving, HALO, "tickets")
        planned = functions["plan"].call({"run_id": run, "tenant": "acme"})
        assert planned["items"] == 1
        (item,) = json.loads(cloud.objects.read(planned["key"]))
        asked = {"run_id": run, "tenant": "acme", "service": HALO, "table": "tickets", "full": item["full"]}
        first = functions["ingestion"].call(asked, milliseconds=1)
        assert (first["done"], first["status"]) == (False, "stopped")
        second = functions["ingestion"].call(asked)
        assert (second["done"], second["status"]) == (True, "ok")
        assert second["rows"] > 0
        for table in item["canonical"]:
            folded = functions["transform"].call({"run_id": run, "tenant": "acme", "table": table})
            assert folded["status"] == "ok"
            assert folded["rows"] == second["rows"]
        report = functions["report"].call({"run_id": run, "key": planned["key"], "results": None})
        assert report["failed"] == []
        assert (report["tables"], report["folds"]) == ({"ok": 1}, {"ok": 1})
        assert serving.vendor.violations == []
    assert cloud.gate.refused == []
    printed = (tmp_path / "ingestion.log").read_text()
    assert run in printed
    assert not any(secret in printed for secret in secrets)


def test_a_service_that_signs_pulls_with_the_layer_beside_the_bundle(
    built: Built, cloud: Cloud, tmp_path: Path
) -> None:
    with strict_vendor(GOOGLE, clock=system_clock) as serving:
        connect(cloud, serving, GOOGLE, "groups")
        event = {"run_id": a_run_id(), "tenant": "acme", "service": GOOGLE, "table": "groups"}
        environment = {**cloud.environment, "AVESA_SCRATCH": str(tmp_path / "scratch")}
        handler = "avesa.aws.handlers.ingestion"
        with running(handler, built.ingestion, built.runtime, environment) as function:
            without = function.call(event)
        assert without["status"] == "failed"
        assert "ModuleNotFoundError, jwt_assertion.py" in without["error"]
        with running(handler, built.ingestion, built.runtime, environment, layer=built.signing) as function:
            done = function.call(event)
        assert (done["done"], done["status"]) == (True, "ok")
        assert done["rows"] > 0
        assert serving.vendor.violations == []


def test_an_error_reaches_the_workflow_under_the_name_of_its_class(
    functions: dict[str, Function], cloud: Cloud
) -> None:
    cloud.state.tenants.add_tenant("acme")
    cloud.state.tenants.put(TenantService("acme", HALO))
    event = {"run_id": a_run_id(), "tenant": "acme", "service": HALO, "table": "tickets"}
    with pytest.raises(LambdaError) as caught:
        functions["ingestion"].call({**event, "tenant": "nobody"})
    assert caught.value.kind == "UsageError"
    with cloud.state.watermarks.lease("acme", f"{HALO}/tickets"), pytest.raises(LambdaError) as caught:
        functions["ingestion"].call(event)
    assert caught.value.kind == "Busy"


def test_bundles_are_no_larger_than_they_may_be_and_hold_what_a_function_needs_alone(built: Built) -> None:
    for bundle, limit in build_lambda.LIMITS_MB.items():
        made = built.zipped / f"{bundle}-x86_64.zip"
        assert build_lambda.unzipped_mb(made) <= limit
        with zipfile.ZipFile(made) as zipped:
            infos = zipped.infolist()
        names = [info.filename for info in infos]
        assert names == sorted(names)
        assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}
        assert not [name for name in names if "/tests/" in name or name.endswith(".pyi")]
        assert not [name for name in names if name.startswith(("botocore/", "boto3/", "avesa/cli/", "avesa/sandbox/"))]
        assert ("avesa/mappings/tickets.json" in names) is (bundle not in build_lambda.LAYERS)
        assert any("cryptography" in name for name in names) is (bundle == "signing")


def test_the_same_sources_give_the_same_bytes(built: Built, tmp_path: Path) -> None:
    again = build_lambda.build("ingestion", "x86_64", tmp_path, python=HERE, compiler=sys.executable)
    assert again.read_bytes() == (built.zipped / again.name).read_bytes()


@pytest.mark.parametrize("arch", sorted(build_lambda.ARCHITECTURES))
@pytest.mark.parametrize("bundle", sorted(build_lambda.BUNDLES))
def test_a_bundle_for_the_runtime_itself_is_no_larger_than_it_may_be(bundle: str, arch: str, tmp_path: Path) -> None:
    compiler = build_lambda.find_compiler(build_lambda.PYTHON)
    try:
        made = build_lambda.build(bundle, arch, tmp_path, compiler=compiler)
    except SystemExit as reason:
        pytest.skip(str(reason))
    assert build_lambda.unzipped_mb(made) <= build_lambda.LIMITS_MB[bundle]
    with zipfile.ZipFile(made) as zipped:
        compiled = [name for name in zipped.namelist() if name.endswith(".so") and "cpython-" in name]
    assert all("cpython-313" in name and build_lambda.ARCHITECTURES[arch] in name for name in compiled)
