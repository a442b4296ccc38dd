#!/usr/bin/env bash
# Compiles the Lambda functions, each into build/functions/<name>/bootstrap: pure Go, arm64, without debug symbols and
# without the runtime's local RPC mode. The same source gives the same bytes.
set -euo pipefail
cd "$(dirname "$0")/.."
GO=${GO:-go}
version=$(git describe --tags --always --dirty 2>/dev/null || echo unknown)
for command in cmd/*-lambda; do
  name=$(basename "$command" -lambda)
  GOOS=linux GOARCH=arm64 CGO_ENABLED=0 $GO build -trimpath -tags lambda.norpc -ldflags "-s -w -X main.version=$version" \
    -o "build/functions/$name/bootstrap" "./$command"
done
# What a function may weigh packed: those on the way of every record start in milliseconds only if they are light.
too_heavy=0
for folder in build/functions/*/; do
  name=$(basename "$folder")
  packed=$(gzip -9 -c "$folder/bootstrap" | wc -c) # what a zip of it weighs, but for some hundred bytes
  limit=20
  case $name in api | processor) limit=8 ;; esac
  printf '%-12s %9d bytes, packed %8d of %d MB\n' "$name" "$(wc -c <"$folder/bootstrap")" "$packed" "$limit"
  [ "$packed" -le $((limit << 20)) ] || too_heavy=1
done
if [ "$too_heavy" = 1 ]; then
  echo "functions: one weighs more than it may" >&2
  exit 1
fi
