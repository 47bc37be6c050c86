"""Arrow data in canonical form (defined at the top of harness.ts), driven by Iceberg types.

The Iceberg type decides, not the Arrow type: engines differ in how they hand over the same column
(a uuid as text, as 16 bytes or as an extension type). Does not read tables.
"""

import struct
import uuid

import pyarrow as pa


def rows(table, fields):
    """The rows of an Arrow table as a list of objects, by the Iceberg fields of the schema."""
    columns = {f["name"]: column(table.column(f["name"]), f["type"]) for f in fields}
    names = list(columns)
    return [dict(zip(names, values)) for values in zip(*columns.values())]


def column(chunked, type_):
    array = chunked.combine_chunks() if isinstance(chunked, pa.ChunkedArray) else chunked
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], chunked.type)
    return _values(array, type_)


def _values(array, type_):
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_null(array.type):
        return [None] * len(array)
    if isinstance(type_, dict):
        return _NESTED[type_["type"]](array, type_)
    return _leaves(array, type_)


def _struct(array, type_):
    valid = array.is_valid().to_pylist()
    names = [f["name"] for f in type_["fields"]]
    children = [_values(array.field(array.type.get_field_index(f["name"])), f["type"]) for f in type_["fields"]]
    return [dict(zip(names, values)) if ok else None for ok, values in zip(valid, zip(*children))]


def _list(array, type_):
    items = _values(array.values, type_["element"])
    return _cut(array, items)


def _map(array, type_):
    if pa.types.is_map(array.type):
        keys, items = array.keys, array.items
    else:  # a list of (key, value) structs
        keys, items = array.values.field(0), array.values.field(1)
    pairs = [list(pair) for pair in zip(_values(keys, type_["key"]), _values(items, type_["value"]))]
    return _cut(array, pairs)


def _cut(array, items):
    offsets = array.offsets.to_pylist()
    return [
        items[offsets[i] : offsets[i + 1]] if ok else None
        for i, ok in enumerate(array.is_valid().to_pylist())
    ]


_NESTED = {"struct": _struct, "list": _list, "map": _map}


def _leaves(array, type_):
    if type_ == "boolean":
        return array.cast(pa.bool_()).to_pylist()
    if type_ in ("int", "long"):
        return _each(array.to_pylist(), str)
    if type_ == "float":
        return _each(array.to_pylist(), float32_text)
    if type_ == "double":
        return _each(array.to_pylist(), float64_text)
    if type_.startswith("decimal"):
        return _each(array.to_pylist(), lambda v: format(v, "f"))
    if type_ == "date":
        days = array if pa.types.is_date32(array.type) else array.cast(pa.date32())
        return _each(days.cast(pa.int32()).to_pylist(), date_text)
    if type_ == "time":
        return _each(_counts(array, "us"), time_text)
    if type_ in ("timestamp", "timestamptz"):
        zone = "+00:00" if type_ == "timestamptz" else ""
        return _each(_counts(array, "us"), lambda v: timestamp_text(v, 6) + zone)
    if type_ in ("timestamp_ns", "timestamptz_ns"):
        zone = "+00:00" if type_ == "timestamptz_ns" else ""
        return _each(_counts(array, "ns"), lambda v: timestamp_text(v, 9) + zone)
    if type_ == "string":
        return _each(array.to_pylist(), lambda v: v if isinstance(v, str) else v.decode("utf-8"))
    if type_ == "uuid":
        return _each(array.to_pylist(), _uuid_text)
    if type_ == "binary" or type_.startswith("fixed"):
        return _each(array.to_pylist(), lambda v: v.hex() if isinstance(v, bytes) else v.encode("utf-8").hex())
    raise ValueError(f"no canonical form for the type {type_}")


_PER_SECOND = {"us": 1_000_000, "ns": 1_000_000_000}


def _counts(array, unit):
    """Times and timestamps as whole counts of the unit since midnight or 1970."""
    arrow = array.type
    if pa.types.is_timestamp(arrow):
        array = array.cast(pa.timestamp(unit, arrow.tz))
    elif pa.types.is_time(arrow):
        array = array.cast(pa.time64(unit))
    elif pa.types.is_duration(arrow):
        array = array.cast(pa.duration(unit))
    elif arrow == pa.int64():  # ClickHouse hands over times as whole seconds
        return [None if v is None else v * _PER_SECOND[unit] for v in array.to_pylist()]
    else:
        raise ValueError(f"not a time: {arrow}")
    return array.cast(pa.int64()).to_pylist()


def _each(values, text):
    return [None if v is None else text(v) for v in values]


def _uuid_text(value):
    if isinstance(value, bytes) and len(value) == 16:
        return str(uuid.UUID(bytes=value))
    return str(uuid.UUID(value.decode() if isinstance(value, bytes) else str(value)))


def date_text(days):
    year, month, day = _civil(days)
    return f"{year:04d}-{month:02d}-{day:02d}"


def time_text(micros):
    seconds, fraction = divmod(micros, 1_000_000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{fraction:06d}"


def timestamp_text(count, digits):
    seconds, fraction = divmod(count, 10**digits)
    days, second = divmod(seconds, 86_400)
    clock = f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
    return f"{date_text(days)}T{clock}.{fraction:0{digits}d}"


def _civil(days):
    """Year, month and day of a day number; any year, unlike datetime."""
    z = days + 719_468
    era, doe = divmod(z, 146_097)
    yoe = (doe - doe // 1460 + doe // 36_524 - doe // 146_096) // 365
    doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
    mp = (5 * doy + 2) // 153
    month = mp + 3 if mp < 10 else mp - 9
    return yoe + era * 400 + (month <= 2), month, doy - (153 * mp + 2) // 5 + 1


def float64_text(value):
    return _js_number(repr(float(value)))


def float32_text(value):
    for precision in range(1, 10):
        text = f"{value:.{precision}g}"
        try:
            if value != value or struct.pack("<f", float(text)) == struct.pack("<f", value):
                break
        except OverflowError:  # rounded up beyond the largest float: one more digit is needed
            continue
    return _js_number(text)


def _js_number(text):
    """A shortest decimal text in the layout of JavaScript's String(number), with -0 as -0.0."""
    if text in ("nan", "inf", "-inf"):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[text]
    sign = "-" if text.startswith("-") else ""
    mantissa, _, exponent = text.lstrip("-").partition("e")
    whole, _, fraction = mantissa.partition(".")
    point = len(whole) + int(exponent or "0")
    digits = whole + fraction
    stripped = digits.lstrip("0")
    point -= len(digits) - len(stripped)
    digits = stripped.rstrip("0")
    if not digits:
        return "-0.0" if sign else "0"
    if len(digits) <= point <= 21:
        return sign + digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return sign + digits[:point] + "." + digits[point:]
    if -6 < point <= 0:
        return sign + "0." + "0" * -point + digits
    power = point - 1
    head = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
    return f"{sign}{head}e{'+' if power > 0 else '-'}{abs(power)}"


