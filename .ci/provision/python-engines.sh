#!/usr/bin/env bash
# Installs the foreign readers that live in Python: PyIceberg, DuckDB with its Iceberg extension,
# chdb (ClickHouse in process) and PySpark. One environment: they do not conflict.
# Prints the path of the Python interpreter that can import them all.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# The folder's name carries the recipe's own number: raise it when the list below changes.
RECIPE=2
PACKAGES=(
  'pyiceberg[pyarrow,sql-sqlite,pyiceberg-core]==0.12.0'
  'pyarrow==25.0.1'
  'duckdb==1.5.5' 'duckdb-extension-avro==1.5.5' 'duckdb-extension-iceberg==1.5.5'
  'chdb==4.4.0'
  'pyspark==4.1.4'
)

build() {
  new_venv "$1" || return
  "$1/bin/python" -m pip install -q "${PACKAGES[@]}" || return
  "$1/bin/python" -c 'import pyiceberg, pyarrow, duckdb, chdb, pyspark' || return
  relocate_venv "$1" "$built" || return
}

once "python-engines-$RECIPE" build
result "$built/bin/python"
