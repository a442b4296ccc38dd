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
ls -l build/functions/*/bootstrap
