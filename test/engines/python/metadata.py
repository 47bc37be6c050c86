"""What a judge needs to know of a table before it asks its engine: path, schema, types.

Reads only the metadata file. Does not read data.
"""

import json
from urllib.parse import unquote, urlparse

ORDERED = ("int", "long", "float", "double", "date", "time", "timestamp", "timestamptz", "timestamp_ns", "timestamptz_ns", "string")
SUMMED = ("int", "long")


def path_of(location):
    """The plain path of a path or a file: URI."""
    if location.startswith("file:"):
        return unquote(urlparse(location).path)
    return location


def fields_of(location, columns=None):
    """The fields of the current schema, in order; only the named ones when columns are given."""
    with open(path_of(location), encoding="utf-8") as file:
        metadata = json.load(file)
    schema = next(s for s in metadata["schemas"] if s["schema-id"] == metadata["current-schema-id"])
    fields = schema["fields"]
    if columns is None:
        return fields
    by_name = {f["name"]: f for f in fields}
    return [by_name[name] for name in columns]


def is_ordered(type_):
    return isinstance(type_, str) and (type_ in ORDERED or type_.startswith("decimal"))


def is_summed(type_):
    return isinstance(type_, str) and (type_ in SUMMED or type_.startswith("decimal"))
