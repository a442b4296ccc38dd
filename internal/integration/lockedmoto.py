"""moto's server, with the lock that AWS Glue has and moto has not.

UpdateTable with a VersionId that is no longer the table's answers ConcurrentModificationException; without this, two
commits on one version both succeed and the first is lost. SkipArchive forgets the versions before, and a parameter
longer than Glue takes is refused.
"""
import sys
import threading

from moto.core.exceptions import JsonRESTError
from moto.glue.responses import GlueResponse
from moto.server import main

LONGEST_PARAMETER = 512_000

lock = threading.Lock()
update = GlueResponse.update_table


def update_table(self):
    with lock:
        given = self.parameters.get("TableInput")
        table = self.glue_backend.get_table(self.parameters.get("DatabaseName"), given.get("Name"))
        wanted = self.parameters.get("VersionId")
        if wanted is not None and str(wanted) != table.as_dict()["VersionId"]:
            raise JsonRESTError("ConcurrentModificationException", "Update table failed due to concurrent modifications.")
        for name, value in (given.get("Parameters") or {}).items():
            if len(value.encode()) > LONGEST_PARAMETER:
                raise JsonRESTError("ValidationException", f"parameter {name} is longer than {LONGEST_PARAMETER} bytes")
        answer = update(self)
        if self.parameters.get("SkipArchive"):
            latest = table.as_dict()["VersionId"]
            for version in [v for v in table.versions if v != latest]:
                table.delete_version(version)
        return answer


GlueResponse.update_table = update_table
main(sys.argv[1:])
