"""The requests of harness.ts as SQL, and the loop that answers them for an engine that speaks SQL.

An engine brings its dialect (source, quoting, literals) and a way to run a statement into Arrow.
"""

from decimal import Decimal

import pyarrow as pa

from canonical import column, rows
from metadata import fields_of, is_ordered, is_summed

_COMPARE = {"eq": "=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


class SqlEngine:
    """Answers requests by SQL. Subclasses give the four methods that raise here."""

    def source(self, location):
        raise NotImplementedError

    def path(self, dotted):
        raise NotImplementedError

    def literal(self, type_, text):
        raise NotImplementedError

    def run(self, statement) -> pa.Table:
        raise NotImplementedError

    def not_nan(self, column):
        return f"NOT isnan({column})"

    def sum_text(self, column):
        return f"CAST(sum({column}) AS VARCHAR)"

    def answer(self, request):
        location = request["metadata"]
        source = self.source(location)
        mode = request["mode"]
        if mode == "count":
            return {"count": self._one(f"SELECT CAST(count(*) AS BIGINT) AS n FROM {source}")}
        if mode == "rows":
            fields = fields_of(location, request.get("columns"))
            names = ", ".join(self.path(f["name"]) for f in fields)
            where = f" WHERE {self.where(request['predicate'])}" if request.get("predicate") else ""
            return {"rows": rows(self.run(f"SELECT {names} FROM {source}{where}"), fields)}
        if mode == "filter":
            key = self.path(request["key"])
            table = self.run(f"SELECT {key} AS k FROM {source} WHERE {self.where(request['predicate'])}")
            return {"keys": [str(k) for k in sorted(table.column(0).to_pylist())]}
        if mode == "aggregate":
            return self._aggregate(source, fields_of(location, request["columns"]))
        raise ValueError(f"unknown mode {mode}")

    def where(self, predicate):
        column, op, type_ = self.path(predicate["column"]), predicate["op"], predicate.get("type")
        if op == "isnull":
            return f"{column} IS NULL"
        if op == "notnull":
            return f"{column} IS NOT NULL"
        literals = [self.literal(type_, text) for text in predicate["literals"]]
        if op == "between":
            return f"{column} BETWEEN {literals[0]} AND {literals[1]}"
        return f"{column} {_COMPARE[op]} {literals[0]}"

    def _aggregate(self, source, fields):
        wanted = ["CAST(count(*) AS BIGINT) AS n"]
        for i, field in enumerate(fields):
            name = self.path(field["name"])
            if is_summed(field["type"]):
                wanted.append(f"{self.sum_text(name)} AS sum{i}")
            if is_ordered(field["type"]):
                value = name
                if field["type"] in ("float", "double"):
                    value = f"CASE WHEN {self.not_nan(name)} THEN {name} END"
                wanted += [f"min({value}) AS min{i}", f"max({value}) AS max{i}"]
        table = self.run(f"SELECT {', '.join(wanted)} FROM {source}")
        answer = {}
        for i, field in enumerate(fields):
            got = {"sum": None, "min": None, "max": None}
            if is_summed(field["type"]):
                got["sum"] = sum_canonical(table.column(f"sum{i}")[0].as_py(), field["type"])
            if is_ordered(field["type"]):
                got["min"] = column(table.column(f"min{i}"), field["type"])[0]
                got["max"] = column(table.column(f"max{i}"), field["type"])[0]
            answer[field["name"]] = got
        return {"count": str(table.column("n")[0].as_py()), "columns": answer}

    def _one(self, statement):
        return str(self.run(statement).column(0)[0].as_py())


def sum_canonical(value, type_):
    """A sum as plain text with the scale of its column, whatever the engine made of it."""
    if value is None:
        return None
    scale = int(type_.rstrip(")").split(",")[1]) if type_.startswith("decimal") else 0
    exact = Decimal(value.decode() if isinstance(value, bytes) else str(value))
    return format(exact, f".{scale}f")


def quoted(text):
    return "'" + text.replace("'", "''") + "'"
