#!/usr/bin/env bash
# Makes what is generated and committed: the web bundle and the settings reference. With -check nothing is written, and
# what is not current is named.
set -euo pipefail
cd "$(dirname "$0")/.."
GO=${GO:-go}
check=
case "${1:-}" in
  -check) check=yes ;;
  '') ;;
  *)
    echo "usage: $0 [-check]" >&2
    exit 2
    ;;
esac
stale=0

bundle() {
  if [ -z "$check" ]; then
    $GO generate ./query/console
    return
  fi
  if ! command -v npm >/dev/null; then
    if [ -n "${CI:-}" ]; then
      echo "generate: npm is missing, so the web bundle cannot be checked: install nodejs and npm" >&2
      exit 1
    fi
    echo "generate: NOT CHECKED: the web bundle, because npm is missing" >&2
    return
  fi
  (cd query/console && $GO run ./internal/bundle -check) || {
    echo "generate: query/console/web/dist is not what its sources make: run make generate" >&2
    stale=1
  }
}

settings() {
  dir=$(mktemp -d)
  trap 'rm -rf "$dir"' EXIT
  $GO build -o "$dir/tarn" ./cmd/tarn
  {
    echo "# Settings"
    echo
    echo "Each is a variable of the environment; \`tarn settings\` prints these tables."
    echo
    env -i "$dir/tarn" settings
  } >"$dir/settings.md"
  if [ -z "$check" ]; then
    cp "$dir/settings.md" docs/settings.md
  elif ! diff -u docs/settings.md "$dir/settings.md" >&2; then
    echo "generate: docs/settings.md is not what tarn settings prints: run make generate" >&2
    stale=1
  fi
}

bundle
settings
exit $stale
