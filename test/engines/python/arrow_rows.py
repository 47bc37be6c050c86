"""Canonical values back into Arrow, for the tables and rows that a foreign writer makes.

The inverse of canonical.py. Does not read or write tables.
"""

from datetime import date, datetime, time, timezone
from decimal import Decimal
from uuid import UUID

import pyarrow as pa


def from_canonical(rows, fields, schema):
    """An Arrow table of the given schema; an absent field is NULL."""
    arrays = [
        pa.array([_value(row.get(f["name"]), f["type"]) for row in rows], schema.field(f["name"]).type)
        for f in fields
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def _value(value, type_):
    if value is None:
        return None
    if isinstance(type_, dict):
        return _NESTED[type_["type"]](value, type_)
    if type_.startswith("decimal"):
        return Decimal(value)
    if type_ == "binary" or type_.startswith("fixed"):
        return bytes.fromhex(value)
    return _LEAVES[type_](value)


_NESTED = {
    "struct": lambda v, t: {f["name"]: _value(v.get(f["name"]), f["type"]) for f in t["fields"]},
    "list": lambda v, t: [_value(item, t["element"]) for item in v],
    "map": lambda v, t: [(_value(k, t["key"]), _value(item, t["value"])) for k, item in v],
}

_LEAVES = {
    "boolean": lambda v: v if isinstance(v, bool) else v == "true",
    "int": int,
    "long": int,
    "float": float,
    "double": float,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "timestamp": datetime.fromisoformat,
    "timestamptz": lambda v: datetime.fromisoformat(v).astimezone(timezone.utc),
    "string": str,
    "uuid": lambda v: UUID(v).bytes,
}
