"""DuckDB with its Iceberg extension. The extensions are the files inside the wheels: nothing is downloaded."""

import os

import duckdb
import duckdb_extension_avro
import duckdb_extension_iceberg

from metadata import path_of
from protocol import serve
from sql import SqlEngine, quoted


def _extension(package, name):
    folder = os.path.join(os.path.dirname(package.__file__), "extensions", f"v{duckdb.__version__}")
    return os.path.join(folder, f"{name}.duckdb_extension")


class DuckDb(SqlEngine):
    def __init__(self):
        self.connection = duckdb.connect(":memory:")
        for setting in (
            "autoinstall_known_extensions = false",
            "autoload_known_extensions = false",
            "TimeZone = 'UTC'",
            "threads = 2",
        ):
            self.connection.execute(f"SET {setting}")
        # avro first: iceberg reads manifests with it.
        self.connection.execute(f"LOAD {quoted(_extension(duckdb_extension_avro, 'avro'))}")
        self.connection.execute(f"LOAD {quoted(_extension(duckdb_extension_iceberg, 'iceberg'))}")

    def answer(self, request):
        """Beside what every judge answers: any one statement; values of its rows are text."""
        if request["mode"] != "sql":
            return super().answer(request)
        rows = self.run(request["statement"]).to_pylist()
        return {"rows": [{k: None if v is None else str(v) for k, v in row.items()} for row in rows]}

    def source(self, location):
        return f"iceberg_scan({quoted(path_of(location))})"

    def path(self, dotted):
        return ".".join('"' + part.replace('"', '""') + '"' for part in dotted.split("."))

    def literal(self, type_, text):
        if type_ == "binary" or type_.startswith("fixed"):
            return f"from_hex('{text}')"
        sql = {
            "boolean": "BOOLEAN", "int": "INTEGER", "long": "BIGINT", "float": "FLOAT", "double": "DOUBLE",
            "date": "DATE", "time": "TIME", "timestamp": "TIMESTAMP", "timestamptz": "TIMESTAMPTZ",
            "timestamp_ns": "TIMESTAMP_NS", "timestamptz_ns": "TIMESTAMPTZ", "string": "VARCHAR", "uuid": "UUID",
        }.get(type_, type_)  # decimal(p,s) is spelled alike
        return f"CAST({quoted(text)} AS {sql})"

    def run(self, statement):
        return self.connection.execute(statement).to_arrow_table()


serve(DuckDb().answer)
