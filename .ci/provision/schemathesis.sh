#!/usr/bin/env bash
# Installs Schemathesis, which makes requests from the OpenAPI document and judges the answers by it.
# Prints the path of its program.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

VERSION=4.32.5

build() {
  new_venv "$1" || return
  "$1/bin/python" -m pip install -q "schemathesis==$VERSION" || return
  "$1/bin/python" -c 'import schemathesis' || return
  relocate_venv "$1" "$built" || return
}

once "schemathesis-$VERSION" build
result "$built/bin/schemathesis"
