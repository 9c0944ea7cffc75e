"""The CDK app. `cdk deploy --all -c env=NAME` makes the environment of `config/NAME.json`; without a name, `dev`.

`-c bundles=DIR` takes the zip files of the Lambdas from another folder than `dist/`, as the tests do.
"""

from __future__ import annotations

import sys
from pathlib import Path

from aws_cdk import App

from infrastructure.application import build
from infrastructure.constructs.lambda_function import BUNDLES
from infrastructure.environment import BadConfiguration, load_environment


def main() -> int:
    app = App()
    name = app.node.try_get_context("env") or "dev"
    bundles = app.node.try_get_context("bundles")
    try:
        build(app, load_environment(name), bundles=Path(bundles) if bundles else BUNDLES)
    except BadConfiguration as problem:
        print(problem, file=sys.stderr)  # noqa: T201
        return 1
    app.synth()
    return 0


if __name__ == "__main__":
    sys.exit(main())
