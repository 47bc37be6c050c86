"""chdb: ClickHouse in process. It opens local tables only below its working directory, hence `/`."""

import os
from decimal import Decimal

os.chdir("/")

import pyarrow as pa  # noqa: E402
from chdb import session  # noqa: E402

from metadata import path_of  # noqa: E402
from protocol import serve  # noqa: E402
from sql import SqlEngine, quoted  # noqa: E402


class Chdb(SqlEngine):
    def __init__(self):
        self.session = session.Session()

    def source(self, location):
        folder, name = os.path.split(os.path.realpath(path_of(location)))
        table = os.path.dirname(folder)
        inside = f"{os.path.basename(folder)}/{name}"
        return f"icebergLocal({quoted(table.lstrip('/') + '/')}, SETTINGS iceberg_metadata_file_path = {quoted(inside)})"

    def path(self, dotted):
        first, *inner = dotted.split(".")
        value = f"`{first}`"
        for name in inner:
            value = f"tupleElement({value}, {quoted(name)})"
        return value

    def literal(self, type_, text):
        if type_ == "binary" or type_.startswith("fixed"):
            return f"unhex('{text}')"
        if type_ == "time":  # which ClickHouse reads as whole seconds
            hours, minutes, seconds = text.split(":")
            return f"CAST('{int(hours) * 3600 + int(minutes) * 60 + Decimal(seconds)}', 'Decimal(18, 6)')"
        if type_ == "string":
            return quoted(text.replace("\\", "\\\\"))
        if type_.startswith("decimal"):
            return f"CAST('{text}', '{type_.replace('decimal', 'Decimal')}')"
        sql = {
            "boolean": "Bool", "int": "Int32", "long": "Int64", "float": "Float32", "double": "Float64",
            "date": "Date32", "timestamp": "DateTime64(6)", "timestamptz": "DateTime64(6, 'UTC')",
            "timestamp_ns": "DateTime64(9)", "timestamptz_ns": "DateTime64(9, 'UTC')", "uuid": "UUID",
        }[type_]
        return f"CAST('{text.removesuffix('+00:00').replace('T', ' ')}', {quoted(sql)})"

    def not_nan(self, column):
        return f"isNaN({column}) = 0"

    def sum_text(self, column):
        return f"toString(sum(CAST({column}, 'Nullable(Decimal(76, 18))')))"

    def run(self, statement):
        # Strings as bytes: binary columns are strings to ClickHouse, and not every binary is UTF-8.
        settings = "session_timezone = 'UTC', max_threads = 2, output_format_arrow_string_as_string = 0"
        try:
            result = self.session.query(f"{statement} SETTINGS {settings}", "Arrow")
        except Exception:
            # The answer after an error is damaged, whatever is asked: let that be this one.
            self.session.query("SELECT 1", "Arrow")
            raise
        return pa.ipc.open_file(pa.BufferReader(bytes(result.bytes()))).read_all()


serve(Chdb().answer)
