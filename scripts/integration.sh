#!/usr/bin/env bash
# The suites that need real components: the binary killed and crowded, Chromium on the dashboard, other readers of the
# lake, DynamoDB Local, S3 and Glue. scripts/components installs them outside the tree.
set -euo pipefail
cd "$(dirname "$0")/.."
GO=${GO:-go}
components=scripts/components
export TARN_INTEGRATION=all # a component that is missing is a failure, not a skip

step() {
  local begin=$SECONDS
  echo "-- $*"
  "$@"
  echo "-- $1 took $((SECONDS - begin)) s"
}

install() {
  CHROMIUM=$($components/chromium.sh)
  TARN_PYTHON=$($components/python.sh)/bin/python
  CFN_LINT=$($components/cfn-lint.sh)/bin/cfn-lint
  JSII_NODE=$($components/node.sh)
  export CHROMIUM TARN_PYTHON CFN_LINT JSII_NODE
  local name
  for name in dynamodb-local moto trino versitygw; do
    $components/$name.sh
  done
}

# suite runs the tests of packages, and prints what they say and how many they are; of a failure, everything.
suite() {
  local begin=$SECONDS status=0
  echo "-- go test $*"
  "$GO" test -tags integration -timeout 40m -v "$@" 2>&1 | tee "$log" |
    grep --line-buffered -E '^(ok|FAIL|panic)|^ *--- (SKIP|FAIL)|^ +[a-z_]+_test.go:[0-9]+: ' || status=${PIPESTATUS[0]}
  [ "$status" = 0 ] || cat "$log"
  count() { grep -cE "^ *--- $1" "$log" || true; }
  echo "-- $(count PASS) passed, $(count FAIL) failed, $(count SKIP) skipped in $((SECONDS - begin)) s"
  return "$status"
}

step install
echo "-- $($GO version); $("$CHROMIUM" --version 2>/dev/null || echo Chromium); $("$TARN_PYTHON" -c '
import sys, importlib.metadata as m
print("Python", sys.version.split()[0], *(f"{p} {m.version(p)}" for p in ("pyiceberg", "pyarrow", "duckdb")))')"
echo "-- $(grep -v '^#' internal/integration/versions.env | tr '\n' ' ')"

log=$(mktemp)
trap 'rm -f "$log"' EXIT
export GOFLAGS="${GOFLAGS:-} -count=1"
suite ./internal/integration ./internal/blob/s3 ./ingest/dynamo ./processors/stream/dynamo
suite ./internal/integration/athena
suite -run Glue ./internal/tables
suite ./internal/endtoend
suite ./query/console
suite ./internal/rehearsal
suite -run 'DuckDB|PyArrow' ./processors/columns
export TARN_RECORDS=${TARN_RECORDS:-100000} # a million take half an hour on a busy machine
suite -run 'MillionRandomRecords|EveryDamagedByte' ./processors/decode
suite -run RandomPlans ./internal/faults -faults.plans 300
# What runs on AWS is compiled, looked at and synthesised here, where its libraries are compiled once.
step "$GO" vet -tags integration ./infra/...
step scripts/staticcheck.sh ./infra/...
suite ./infra
echo "integration: all good in $SECONDS s"
