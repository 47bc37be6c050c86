#!/usr/bin/env bash
# systemd's own checker of units; no service is started. Prints its path.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need systemd-analyze systemd
result "$(command -v systemd-analyze)"
