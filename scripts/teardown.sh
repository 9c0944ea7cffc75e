#!/usr/bin/env bash
# Take one environment down: its stacks, and with them its functions, schedules and alarms. The bucket, its key and its
# access log are kept, always: they are the tenants' data, and deleting them is nobody's script. Where the environment has
# `deletion_protection`, the tables are kept too, and CloudFormation refuses until a person has switched the protection
# of each stack off.
#
#   scripts/teardown.sh dev
#   scripts/teardown.sh prod --yes-really-take-down prod
set -euo pipefail
cd "$(dirname "$0")/.."

environment="${1:-}"
if [[ -z "$environment" || ! -f "config/$environment.json" ]]; then
  echo "Name an environment: $(cd config && ls ./*.json | sed 's|^\./||; s|\.json$||' | paste -sd' ')" >&2
  exit 2
fi
shift

protected="$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1])).get("deletion_protection", False))' \
  "config/$environment.json")"
if [[ "$protected" == "True" ]]; then
  if [[ "${1:-}" != "--yes-really-take-down" || "${2:-}" != "$environment" ]]; then
    echo "$environment is protected. Nothing was done. If you mean it:" >&2
    echo "  scripts/teardown.sh $environment --yes-really-take-down $environment" >&2
    exit 1
  fi
  shift 2
fi
if [[ $# -gt 0 ]]; then
  echo "unknown: $*" >&2
  exit 2
fi

cdk="${CDK:-node_modules/.bin/cdk}"
[[ -x "$cdk" ]] || npm ci --silent
"$cdk" destroy --all --force --context "env=$environment"
echo "The stacks of $environment are gone. The bucket, its key and its access log are still there."
