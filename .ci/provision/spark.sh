#!/usr/bin/env bash
# Fetches Iceberg's runtime for Spark 4.1 and a JDBC driver for its catalog. Spark itself comes with
# python-engines.sh. Prints the class path of the two jars.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

RUNTIME=iceberg-spark-runtime-4.1_2.13
VERSION=1.12.0
DRIVER=3.50.3.0

build() {
  need mvn maven || return
  mvn -B -q dependency:copy "-Dartifact=org.apache.iceberg:$RUNTIME:$VERSION" "-DoutputDirectory=$1" || return
  mvn -B -q dependency:copy "-Dartifact=org.xerial:sqlite-jdbc:$DRIVER" "-DoutputDirectory=$1" || return
  [ -s "$1/$RUNTIME-$VERSION.jar" ] && [ -s "$1/sqlite-jdbc-$DRIVER.jar" ] || return
}

once "spark-$VERSION-sqlite-$DRIVER" build
result "$built/$RUNTIME-$VERSION.jar:$built/sqlite-jdbc-$DRIVER.jar"
