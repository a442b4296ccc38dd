#!/usr/bin/env bash
# The suites that need real components: the binary killed and crowded, Chromium on the dashboard, other readers of the
# lake. Installs what they need on a Debian machine, outside the tree.
set -euo pipefail
cd "$(dirname "$0")/.."
GO=${GO:-go}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/tarn-integration
iceberg='pyiceberg[pyarrow]==0.12.0'
venv=$cache/pyiceberg-0.12.0

step() {
  local begin=$SECONDS
  echo "-- $*"
  "$@"
  echo "-- $1 took $((SECONDS - begin)) s"
}

# packages installs Debian packages, or says what is missing.
packages() {
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "integration: please install: $*" >&2
    exit 1
  fi
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

need_chromium() {
  local name
  for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable; do
    if [ -n "$name" ] && type -P "$name" >/dev/null; then
      CHROMIUM=$(type -P "$name")
      export CHROMIUM
      return
    fi
  done
  packages chromium
  export CHROMIUM=/usr/bin/chromium
}

# need_python makes an environment with PyIceberg once; the mark says that it is whole.
need_python() {
  if [ ! -e "$venv/whole" ]; then
    command -v python3 >/dev/null && python3 -c 'import ensurepip, venv' 2>/dev/null || packages python3 python3-venv
    rm -rf "$venv"
    mkdir -p "$cache"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "$iceberg"
    touch "$venv/whole"
  fi
  export TARN_PYTHON=$venv/bin/python
}

step need_chromium
step need_python
echo "-- $($GO version); $("$CHROMIUM" --version 2>/dev/null || echo Chromium); $("$TARN_PYTHON" -c '
import sys, importlib.metadata as m
print("Python", sys.version.split()[0], "pyiceberg", m.version("pyiceberg"), "pyarrow", m.version("pyarrow"))')"

export GOFLAGS="${GOFLAGS:-} -count=1"
step "$GO" test -tags integration -timeout 40m -v ./internal/endtoend
step "$GO" test -tags integration -timeout 40m ./query/console
step "$GO" test -tags integration -timeout 40m -run DuckDB ./processors/columns
echo "integration: all good in $SECONDS s"
