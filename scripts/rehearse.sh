#!/usr/bin/env bash
# The compiled functions against stand-ins of AWS: what was created, what was called, which figures are equal.
set -euo pipefail
cd "$(dirname "$0")/.."
GO=${GO:-go}
components=scripts/components
for name in dynamodb-local moto trino versitygw; do
  $components/$name.sh
done
TARN_PYTHON=$($components/python.sh)/bin/python
JSII_NODE=$($components/node.sh)
export TARN_PYTHON JSII_NODE TARN_INTEGRATION=all # a component that is missing is a failure, not a skip
begin=$SECONDS
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! "$GO" test -tags integration -count=1 -v -timeout 15m -run "${1:-TestRehearsal|TestFunctionsAreLight|TestSpeed}" ./internal/rehearsal >"$log" 2>&1; then
  cat "$log" >&2
  exit 1
fi
if ! "$GO" test -tags integration -count=1 -v -timeout 5m -run TestMotoCreatesTheTemplates ./infra >>"$log" 2>&1; then
  cat "$log" >&2
  exit 1
fi
sed -n -E 's/^ +[a-z_]+_test\.go:[0-9]+: SUMMARY //p; s/^ +--- (PASS|FAIL): TestRehearsal\/days\/([^ ]+)/\1 \2/p' "$log"
echo "rehearsal: all good in $((SECONDS - begin)) s"
