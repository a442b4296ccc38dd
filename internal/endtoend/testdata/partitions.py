"""Counts the rows of a Tarn table by day and region as PyIceberg reads them, and lists the files that it reads.

Usage: partitions.py LAKE TABLE. LAKE is the folder that s3://lake/ stands for. Prints one JSON document.
"""

import glob
import json
import os
import sys
from collections import Counter

from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.table import StaticTable

PREFIX = "s3://lake/"


class FolderIO(PyArrowFileIO):
    """Reads s3://lake/… in a folder."""

    def _local(self, location):
        return os.path.join(os.environ["LAKE"], location[len(PREFIX):]) if location.startswith(PREFIX) else location

    def new_input(self, location):
        return super().new_input(self._local(location))

    @staticmethod
    def parse_location(location, properties=None):
        if location.startswith(PREFIX):
            location = os.path.join(os.environ["LAKE"], location[len(PREFIX):])
        return PyArrowFileIO.parse_location(location, properties or {})


def newest(lake, table):
    """Returns the metadata file that version-hint.text names."""
    folder = os.path.join(lake, "tables", table, "metadata")
    with open(os.path.join(folder, "version-hint.text")) as hint:
        version = hint.read().strip()
    found = glob.glob(os.path.join(folder, f"v{version}.metadata.json")) or glob.glob(os.path.join(folder, f"{version}-*.metadata.json"))
    return found[0]


def main(lake, table):
    os.environ["LAKE"] = lake
    read = StaticTable.from_metadata(newest(lake, table), {"py-io-impl": f"{FolderIO.__module__}.FolderIO"})
    rows = read.scan(selected_fields=("dt", "region", "_op")).to_arrow()
    keep = [r for r in rows.to_pylist() if r["_op"] != "leave"]
    counts = Counter((str(r["dt"]), r["region"]) for r in keep)
    files = [os.path.join(lake, t.file.file_path[len(PREFIX):]) for t in read.scan().plan_files()]
    json.dump({"counts": sorted([*key, n] for key, n in counts.items()), "files": sorted(files)}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
