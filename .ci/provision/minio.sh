#!/usr/bin/env bash
# Builds the MinIO server, an S3 server that decides conditional writes correctly under races.
# Test-time only (AGPL): nothing of it is shipped. Prints the path of the binary.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

VERSION=v0.0.0-20260212201848-7aac2a2c5b7c

build() {
  need go golang-go || return
  GOBIN="$1" GOFLAGS=-trimpath CGO_ENABLED=0 go install "github.com/minio/minio@$VERSION" || return
  "$1/minio" --version || return
}

once "minio-$VERSION" build
result "$built/minio"
