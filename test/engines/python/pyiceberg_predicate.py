"""A predicate of harness.ts as a PyIceberg expression, with literals of the column's own type."""

import struct

from pyiceberg import expressions as e
from pyiceberg.expressions.literals import literal

_COMPARE = {
    "eq": e.EqualTo,
    "lt": e.LessThan,
    "le": e.LessThanOrEqual,
    "gt": e.GreaterThan,
    "ge": e.GreaterThanOrEqual,
}


def expression(predicate):
    column, op = predicate["column"], predicate["op"]
    if op == "isnull":
        return e.IsNull(column)
    if op == "notnull":
        return e.NotNull(column)
    values = [_literal(predicate["type"], text) for text in predicate["literals"]]
    if op == "between":
        return e.And(e.GreaterThanOrEqual(column, values[0]), e.LessThanOrEqual(column, values[1]))
    return _COMPARE[op](column, values[0])


def _literal(type_, text):
    if type_ == "boolean":
        return literal(text == "true")
    if type_ in ("int", "long"):
        return literal(int(text))
    if type_ == "float":  # rounded as the column is: the shortest text of the largest float is above it
        return literal(struct.unpack("<f", struct.pack("<f", float(text)))[0])
    if type_ == "double":
        return literal(float(text))
    if type_ == "binary" or type_.startswith("fixed"):
        return literal(bytes.fromhex(text))
    return literal(text)  # PyIceberg converts text to dates, times, decimals and uuids itself
