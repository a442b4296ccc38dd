#!/usr/bin/env bash
# staticcheck of the given packages, at the version that everybody uses.
set -euo pipefail
cd "$(dirname "$0")/.."
exec "${GO:-go}" run honnef.co/go/tools/cmd/staticcheck@v0.8.2 -tags integration "$@"
