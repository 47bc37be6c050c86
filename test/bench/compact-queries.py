"""Child of the compaction benchmark: how long DuckDB's Iceberg reader takes for queries of one metadata file. Prints JSON by name.

Arguments: metadata file, passes, and "name=WHERE clause or select" pairs as JSON. Every pass opens the table anew; the median counts.
"""

import json
import os
import statistics
import sys
import time

import duckdb
import duckdb_extension_avro
import duckdb_extension_iceberg

metadata, passes, queries = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])


def extension(package, name):
    return os.path.join(
        os.path.dirname(package.__file__), "extensions", f"v{duckdb.__version__}", f"{name}.duckdb_extension"
    )


connection = duckdb.connect(":memory:")
for setting in ("autoinstall_known_extensions = false", "autoload_known_extensions = false", "TimeZone = 'UTC'", "threads = 2"):
    connection.execute(f"SET {setting}")
# avro first: iceberg reads manifests with it.
connection.execute(f"LOAD '{extension(duckdb_extension_avro, 'avro')}'")
connection.execute(f"LOAD '{extension(duckdb_extension_iceberg, 'iceberg')}'")
connection.execute(f"CREATE VIEW t AS SELECT * FROM iceberg_scan('{metadata}')")

answer = {}
for name, query in queries.items():
    times, rows = [], None
    for _ in range(passes):
        started = time.monotonic()
        rows = connection.execute(query).fetchall()
        times.append(time.monotonic() - started)
    answer[name] = {"seconds": statistics.median(times), "rows": [[str(value) for value in row] for row in rows]}
print(json.dumps(answer))
