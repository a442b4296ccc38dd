#!/usr/bin/env bash
# Other readers of the lake, PyIceberg, pyarrow and DuckDB, in a Python environment. Prints its folder.
. "$(dirname "$0")/cache.sh"

install() { environment "pyiceberg[glue,pyarrow]==$PYICEBERG" "duckdb==$PYTHON_DUCKDB"; }

whole "python-$PYICEBERG-$PYTHON_DUCKDB" install
