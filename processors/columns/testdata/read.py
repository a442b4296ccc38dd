"""Prints what pyarrow reads from Parquet files, one line of JSON a file: its rows, its field ids, its statistics."""

import json
import sys

import pyarrow as pa
import pyarrow.parquet as pq


def plain(v, t):
    """Returns a value as the test writes it: text and binaries as hex, decimals unscaled, times as micros, dates as days."""
    if v is None:
        return None
    if pa.types.is_decimal(t):
        return str(int(v.as_py().scaleb(t.scale))) if v.is_valid else None
    if pa.types.is_timestamp(t) or pa.types.is_date(t):
        return v.value
    if pa.types.is_string(t) or pa.types.is_binary(t):
        return v.as_buffer().to_pybytes().hex()
    if pa.types.is_map(t):
        return [[plain(v.values.field(0)[i], t.key_type), scalar(v.values.field(1)[i], t.item_type)] for i in range(len(v.values))]
    if pa.types.is_list(t):
        return [scalar(e, t.value_type) for e in v.values]
    if pa.types.is_struct(t):
        return [scalar(v[i], t.field(i).type) for i in range(t.num_fields)]
    return v.as_py()


def scalar(v, t):
    return plain(v, t) if v.is_valid else None


def ids(schema):
    """Returns the field ids in depth-first order."""
    out = []

    def walk(f):
        out.append(int((f.metadata or {}).get(b"PARQUET:field_id", -1)))
        t = f.type
        if pa.types.is_map(t):
            walk(t.key_field), walk(t.item_field)
        elif pa.types.is_list(t):
            walk(t.value_field)
        elif pa.types.is_struct(t):
            for i in range(t.num_fields):
                walk(t.field(i))

    for f in schema:
        walk(f)
    return out


for path in sys.argv[1:]:
    file = pq.ParquetFile(path, page_checksum_verification=True)
    table = file.read()
    table.validate()
    rows = [[scalar(c[i], c.type) for c in table.columns] for i in range(table.num_rows)]
    meta = file.metadata
    nulls = [0] * meta.num_columns
    for g in range(meta.num_row_groups):
        for c in range(meta.num_columns):
            nulls[c] += meta.row_group(g).column(c).statistics.null_count
    print(json.dumps({"rows": rows, "ids": ids(table.schema), "nulls": nulls}))
