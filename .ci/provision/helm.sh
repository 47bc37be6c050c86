#!/usr/bin/env bash
# Builds Helm, which lints and renders the chart; no cluster is asked. Prints the path of the binary.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

VERSION=v3.22.0

build() {
  need go golang-go || return
  GOBIN="$1" GOFLAGS=-trimpath CGO_ENABLED=0 go install "helm.sh/helm/v3/cmd/helm@$VERSION" || return
  "$1/helm" version --short || return
}

once "helm-$VERSION" build
result "$built/helm"
