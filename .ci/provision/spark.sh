#!/usr/bin/env bash
# Fetches Iceberg's runtime for Spark 4.1. Spark itself comes with python-engines.sh.
# Prints the path of the jar, to be given to Spark with --jars.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ARTIFACT=iceberg-spark-runtime-4.1_2.13
VERSION=1.12.0

build() {
  need mvn maven || return
  mvn -B -q dependency:copy "-Dartifact=org.apache.iceberg:$ARTIFACT:$VERSION" "-DoutputDirectory=$1" || return
  [ -s "$1/$ARTIFACT-$VERSION.jar" ] || return
}

once "spark-$VERSION" build
result "$built/$ARTIFACT-$VERSION.jar"
