"""Build the Lambda bundles: `dist/ingestion-{arch}.zip` and `dist/transform-{arch}.zip`, and `dist/signing-{arch}.zip`,
the layer for the services that sign what they send.

    python scripts/build_lambda.py                          all of them, for arm64 and x86_64
    python scripts/build_lambda.py --arch arm64 --bundle ingestion

Bundles hold this package, its mappings, and the libraries that it uses there, from binary wheels for the runtime,
pinned as requirements.txt and requirements-aws.txt pin them. The same sources give the same bytes. Modules are
compiled, since a function cannot write its own code folder and would compile them at each cold start; that takes a
Python of the runtime's version, named by --compiler if it is not on the PATH. Libraries lose what only debuggers read.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from scripts.elf_symbols import without_symbols  # noqa: E402

PYTHON = "3.13"
ARCHITECTURES = {"arm64": "aarch64", "x86_64": "x86_64"}
_GLIBC = range(17, 35)
"""manylinux_2_17 up to 2_34, which is what Amazon Linux 2023 has."""

_EVERYWHERE = (
    *("arro3-core", "attrs", "aws_lambda_powertools", "jmespath", "jsonschema", "jsonschema-specifications", "msgspec"),
    *("obstore", "referencing", "rpds-py", "typing_extensions", "tzdata"),
)
BUNDLES = {
    "ingestion": (*_EVERYWHERE, "arro3-io", "urllib3"),
    "transform": (*_EVERYWHERE, "deltalake", "Deprecated", "duckdb", "pytz", "wrapt"),
    "signing": ("cffi", "cryptography"),
}
LAYERS = ("signing",)
"""Those without our code, which Lambda unpacks below /opt and finds in the folder `python`."""
LIMITS_MB = {"ingestion": 58, "transform": 232, "signing": 14}
"""Unzipped. Lambda takes 262. Of ingestion's, 48 are two libraries: arro3 and obstore."""

_LEFT_OUT = {"cli", "sandbox"}
"""Packages of ours that no function uses."""
_NOT_SHIPPED = re.compile(
    r"(^|/)(__pycache__|tests?|bin)(/|$)|\.(pyi|pyc|c|h)$|dist-info/(?!METADATA|licenses(/|$))"
    # Of cffi what a compiled library needs of it: its one library, which lies beside the package.
    r"|^cffi/|^jsonschema/benchmarks(/|$)"
    # Of Powertools what logs and measures alone.
    r"|^aws_lambda_powertools/event_handler(/|$)"
    r"|^aws_lambda_powertools/utilities/(?!__init__|jmespath_utils)"
)
_EPOCH = (1980, 1, 1, 0, 0, 0)


def build(bundle: str, arch: str, into: Path, *, python: str = PYTHON, compiler: str | None = None) -> Path:
    """One of them as a zip file. `compiler` is a Python of the version `python`; without it no module is compiled."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "bundle"
        code = folder / "python" if bundle in LAYERS else folder
        install(BUNDLES[bundle], code, arch, python=python)
        if bundle not in LAYERS:
            _copy_ours(code)
        _prune(code)
        if compiler is not None:
            _compile(folder, compiler, "/opt" if bundle in LAYERS else "/var/task")
        into.mkdir(parents=True, exist_ok=True)
        target = into / f"{bundle}-{arch}.zip"
        partial = target.with_suffix(".zip.partial")
        _zip(folder, partial)
        partial.replace(target)
    return target


def install(names: Iterable[str], folder: Path, arch: str, *, python: str = PYTHON) -> None:
    """Libraries by name, as they are pinned, from wheels for that runtime."""
    known = pins()
    platforms = [f"manylinux_2_{minor}_{ARCHITECTURES[arch]}" for minor in _GLIBC]
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "install", "--no-deps"]
    command += ["--only-binary=:all:", "--no-compile", "--implementation", "cp", "--python-version", python]
    command += [f"--platform={name}" for name in [*platforms, f"manylinux2014_{ARCHITECTURES[arch]}"]]
    command += ["--target", str(folder), *(f"{name}=={known[_normal(name)]}" for name in names)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"pip could not install for {arch}, Python {python}:\n{done.stderr}")


def pins() -> dict[str, str]:
    """The versions of all libraries that are used, by their names in small letters."""
    files = ("requirements.txt", "requirements-aws.txt", "requirements-dev.txt")
    lines = [line.partition(";")[0] for file in files for line in (ROOT / file).read_text().splitlines()]
    found = [line.split("==") for line in lines if "==" in line]
    return {_normal(name): version.strip() for name, version in found}


def unzipped_mb(bundle: Path) -> float:
    with zipfile.ZipFile(bundle) as zipped:
        return sum(info.file_size for info in zipped.infolist()) / 1e6


def find_compiler(python: str) -> str | None:
    """A Python of that version that runs."""
    if python == f"{sys.version_info.major}.{sys.version_info.minor}":
        return sys.executable
    found = shutil.which(f"python{python}")
    return found if found and _runs(found) else None


def _runs(program: str) -> bool:
    return subprocess.run([program, "-c", ""], check=False, capture_output=True).returncode == 0


def _copy_ours(folder: Path) -> None:
    ours = folder / "avesa"
    shutil.copytree(ROOT / "src" / "avesa", ours)
    for name in _LEFT_OUT:
        shutil.rmtree(ours / name)
    shutil.copytree(ROOT / "mappings", ours / "mappings")


def _prune(folder: Path) -> None:
    """Without what no function reads: tests, stubs, what pip notes for itself, symbols. Names and licences stay."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if _NOT_SHIPPED.search(path.relative_to(folder).as_posix()) and path.exists():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for library in folder.rglob("*.so*"):
        library.write_bytes(without_symbols(library.read_bytes()))


def _compile(folder: Path, compiler: str, unpacked: str) -> None:
    """Unchecked: the files never change, and their times are no longer theirs."""
    command = [compiler, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", "-j", "1"]
    command += ["-s", str(folder), "-p", unpacked, str(folder)]
    subprocess.run(command, check=True, env={"PYTHONHASHSEED": "0"})


def _zip(folder: Path, target: Path) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as zipped:
        for path in sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).as_posix()):
            if path.is_file():
                info = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _EPOCH)
                info.compress_type = zipfile.ZIP_DEFLATED
                info.create_system = 3
                info.external_attr = (0o100755 if path.suffix == ".so" else 0o100644) << 16
                zipped.writestr(info, path.read_bytes(), compresslevel=6)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--arch", action="append", choices=sorted(ARCHITECTURES), help="both by default")
    parser.add_argument("--bundle", action="append", choices=sorted(BUNDLES), help="all by default")
    parser.add_argument("--python", default=PYTHON, help=f"the runtime's version, by default {PYTHON}")
    parser.add_argument("--compiler", help="a Python of that version, to compile the modules with")
    parser.add_argument("--into", type=Path, default=ROOT / "dist", help="by default dist")
    asked = parser.parse_args()
    compiler = asked.compiler or find_compiler(asked.python)
    if compiler is None:
        print(f"There is no Python {asked.python} here, so the modules are not compiled and cold starts take longer.")
    too_large: list[str] = []
    for arch in asked.arch or sorted(ARCHITECTURES):
        for bundle in asked.bundle or sorted(BUNDLES):
            made = build(bundle, arch, asked.into, python=asked.python, compiler=compiler)
            size, limit = unzipped_mb(made), LIMITS_MB[bundle]
            print(f"{made}: {made.stat().st_size / 1e6:.0f} MB, unzipped {size:.0f} of at most {limit} MB")
            too_large += [made.name] if size > limit else []
    if too_large:
        raise SystemExit(f"Larger than they may be: {', '.join(too_large)}.")


if __name__ == "__main__":
    main()
