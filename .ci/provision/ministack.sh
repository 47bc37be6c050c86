#!/usr/bin/env bash
# Installs ministack, a fake of S3 and Glue in one process whose compare-and-swaps hold under races.
# Prints the path of the program.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

VERSION=1.5.33

build() {
  new_venv "$1" || return
  "$1/bin/python" -m pip install -q "ministack==$VERSION" || return
  relocate_venv "$1" "$built" || return
}

once "ministack-$VERSION" build
result "$built/bin/ministack"
