# The cache of the real components, for the scripts beside this one, which source it. Each component has a folder named
# after its version, outside the tree; the mark "whole" in it says that the folder is complete, so that an interrupted
# installation is done again and a finished one needs no network.
set -euo pipefail
tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/tarn-integration
. "$tree/internal/integration/versions.env"

# whole FOLDER INSTALL runs INSTALL in a new FOLDER unless it is there already, and prints its path. Two at once are safe.
whole() {
  local folder=$cache/$1 install=$2
  mkdir -p "$cache"
  exec 9>"$folder.lock"
  flock 9
  if [ ! -e "$folder/whole" ]; then
    rm -rf "$folder"
    mkdir -p "$folder"
    (cd "$folder" && "$install") >&2
    touch "$folder/whole"
  fi
  flock -u 9
  echo "$folder"
}

# packages installs Debian packages, or says what is missing.
packages() {
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "integration: please install: $*" >&2
    return 1
  fi
  {
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
  } >&2
}

# environment makes a Python environment with packages in the current folder.
environment() {
  command -v python3 >/dev/null && python3 -c 'import ensurepip, venv' 2>/dev/null || packages python3 python3-venv
  python3 -m venv .
  bin/pip install --quiet --disable-pip-version-check "$@"
}

# maven runs a goal of the dependency plugin.
maven() {
  command -v mvn >/dev/null || packages maven
  mvn -q -B -ntp "org.apache.maven.plugins:maven-dependency-plugin:$MAVEN_DEPENDENCY_PLUGIN:$1" "${@:2}"
}
