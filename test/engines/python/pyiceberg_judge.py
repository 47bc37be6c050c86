"""PyIceberg: a metadata file as a static table, and its SqlCatalog as a foreign writer to ours."""

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.expressions import In
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.schema import Schema
from pyiceberg.table import ALWAYS_TRUE, StaticTable

from arrow_rows import from_canonical
from canonical import column, rows
from metadata import fields_of, is_ordered, is_summed, path_of
from protocol import serve
from pyiceberg_predicate import expression
from sql import sum_canonical


def answer(request):
    mode = request["mode"]
    if mode.startswith("catalog-"):
        return _CATALOG[mode](request)
    location = request["metadata"]
    table = StaticTable.from_metadata("file://" + path_of(location))
    if mode == "count":
        return {"count": str(table.scan().count())}
    if mode == "files":
        return {"files": _files(table)}
    where = expression(request["predicate"]) if request.get("predicate") else ALWAYS_TRUE
    if mode == "rows":
        return {"rows": _rows(table, fields_of(location, request.get("columns")), where)}
    if mode == "filter":
        key = request["key"]
        found = table.scan(row_filter=where, selected_fields=(key,)).to_arrow()
        return {"keys": [str(k) for k in sorted(found.column(key).to_pylist())]}
    if mode == "aggregate":
        return _aggregate(table, fields_of(location, request["columns"]))
    raise ValueError(f"unknown mode {mode}")


def _files(table):
    """Live data files."""
    found = table.inspect.data_files().select(["file_path", "file_size_in_bytes", "partition"])
    return [
        {"path": file["file_path"], "bytes": file["file_size_in_bytes"], "partition": str(file.get("partition"))}
        for file in found.to_pylist()
    ]


def _rows(table, fields, where=ALWAYS_TRUE):
    names = tuple(f["name"] for f in fields)
    return rows(table.scan(row_filter=where, selected_fields=names).to_arrow(), fields)


def _aggregate(table, fields):
    data = table.scan(selected_fields=tuple(f["name"] for f in fields)).to_arrow()
    columns = {}
    for field in fields:
        values = data.column(field["name"])
        got = {"sum": None, "min": None, "max": None}
        if is_summed(field["type"]):
            wide = values.cast(pa.decimal128(38, 0)) if field["type"] in ("int", "long") else values
            got["sum"] = sum_canonical(pc.sum(wide).as_py(), field["type"])
        if is_ordered(field["type"]):
            if pa.types.is_floating(values.type):
                values = values.filter(pc.invert(pc.is_nan(values)))
            ends = pc.min_max(values)
            for end in ("min", "max"):
                scalar = ends[end]
                got[end] = column(pa.array([scalar], scalar.type), field["type"])[0]
        columns[field["name"]] = got
    return {"count": str(len(data)), "columns": columns}


def _catalog(request):
    uri = "sqlite:///" + request["catalogFile"]
    return SqlCatalog(request["catalogName"], uri=uri, warehouse=request["warehouse"])


def _tables(request):
    catalog = _catalog(request)
    names = [".".join(t) for namespace in catalog.list_namespaces() for t in catalog.list_tables(namespace)]
    return {"tables": sorted(names)}


def _catalog_rows(request):
    table = _catalog(request).load_table(request["table"])
    return {"rows": _rows(table, fields_of(table.metadata_location))}


def _catalog_append(request):
    table = _catalog(request).load_table(request["table"])
    schema = schema_to_pyarrow(table.schema(), include_field_ids=False)
    table.append(from_canonical(request["rows"], fields_of(table.metadata_location), schema))
    return {"metadata": table.metadata_location}


def _catalog_delete(request):
    """Deletes the rows whose column has one of the values, by writing their files anew."""
    table = _catalog(request).load_table(request["table"])
    table.delete(In(request["column"], request["values"]))
    return {}


def _catalog_tag(request):
    """Tags the current snapshot."""
    table = _catalog(request).load_table(request["table"])
    snapshot = table.current_snapshot().snapshot_id
    table.manage_snapshots().create_tag(snapshot, request["tag"]).commit()
    return {"snapshot": str(snapshot)}


def _catalog_create(request):
    """A new table of the given Iceberg schema, partition fields and properties."""
    catalog = _catalog(request)
    catalog.create_namespace_if_not_exists(request["table"].rsplit(".", 1)[0])
    schema = Schema.model_validate(request["schema"])
    properties = {"format-version": "2", **request["properties"]}
    table = catalog.create_table(request["table"], schema, properties=properties)
    with table.update_spec() as update:
        for column_name, transform in request["partition"]:
            update.add_field(column_name, transform, f"{column_name}_part")
    return {"metadata": table.metadata_location}


_CATALOG = {
    "catalog-append": _catalog_append,
    "catalog-create": _catalog_create,
    "catalog-delete": _catalog_delete,
    "catalog-rows": _catalog_rows,
    "catalog-tables": _tables,
    "catalog-tag": _catalog_tag,
}

serve(answer)
