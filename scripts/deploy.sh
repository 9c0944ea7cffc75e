#!/usr/bin/env bash
# Deploy one environment of config/: its five stacks, in their order. What is left out of the command line is asked of
# the AWS CLI's usual places (AWS_PROFILE, AWS_REGION, …).
#
#   scripts/deploy.sh dev
#   scripts/deploy.sh prod --require-approval broadening      what follows the name is handed to `cdk deploy`
set -euo pipefail
cd "$(dirname "$0")/.."

environment="${1:-}"
if [[ -z "$environment" || ! -f "config/$environment.json" ]]; then
  echo "Name an environment: $(cd config && ls ./*.json | sed 's|^\./||; s|\.json$||' | paste -sd' ')" >&2
  exit 2
fi
shift

architecture="$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1])).get("architecture", "arm64"))' \
  "config/$environment.json")"
for bundle in ingestion signing transform; do
  if [[ ! -f "dist/$bundle-$architecture.zip" ]]; then
    echo "dist/$bundle-$architecture.zip is missing. Build the bundles first: make bundles" >&2
    exit 1
  fi
done

cdk="${CDK:-node_modules/.bin/cdk}"
[[ -x "$cdk" ]] || npm ci --silent
exec "$cdk" deploy --all --context "env=$environment" "$@"
