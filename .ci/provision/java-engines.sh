#!/usr/bin/env bash
# Fetches the jars of Iceberg's Java implementation and compiles the judge in test/engines/java.
# Prints the class path to run it with.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

java="$(cd "$(dirname "${BASH_SOURCE[0]}")/../../test/engines/java" && pwd)"

# The names carry the hash of what they were made from: a changed source is a new folder.
jars_hash="$(sha256sum < "$java/pom.xml" | cut -c 1-12)"
classes_hash="$(cat "$java/pom.xml" "$java"/src/*.java | sha256sum | cut -c 1-12)"

fetch_jars() {
  need mvn maven || return
  mvn -B -q -f "$java/pom.xml" dependency:copy-dependencies -DincludeScope=runtime "-DoutputDirectory=$1" || return
  ls "$1"/iceberg-core-*.jar > /dev/null || return
}

compile() {
  need javac openjdk-17-jdk-headless || return
  javac -nowarn -encoding UTF-8 -cp "$jars/*" -d "$1" "$java"/src/*.java || return
}

once "java-jars-1.12.0-$jars_hash" fetch_jars
jars="$built"
once "java-judge-$classes_hash" compile
result "$built:$jars/*"
