#!/usr/bin/env bash
# Format, vet, staticcheck, import layers, generated files: everything that needs no running.
set -euo pipefail
cd "$(dirname "$0")/.."
GO=${GO:-go}

unformatted=$(gofmt -l $(git ls-files '*.go'))
if [ -n "$unformatted" ]; then
  echo "not formatted by gofmt:" >&2
  echo "$unformatted" >&2
  exit 1
fi

packages=$($GO list ./... | grep -v /infra)
$GO vet $packages
$GO vet -tags integration $packages
scripts/staticcheck.sh $packages
$GO mod tidy -diff
$GO test ./internal/layers
scripts/generate.sh -check
echo "check: all good"
