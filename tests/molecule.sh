#!/usr/bin/env bash
# Every scenario, or what the arguments name, from the root of the collection: molecule reads extensions/molecule/config.yml
# from there only.
set -euo pipefail
cd "$(dirname "$0")/.."
export MOLECULE_GLOB="extensions/molecule/*/molecule.yml"
exec molecule test "${@:---all}"
