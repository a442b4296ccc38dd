#!/usr/bin/env bash
# Prints the path of a Node that the CDK's library runs on: version 22 or newer, else one is installed.
. "$(dirname "$0")/cache.sh"
oldest=22

install() {
  command -v npm >/dev/null || packages nodejs npm
  npm install --silent --no-audit --no-fund --prefix . "node@$NODE"
}

if command -v node >/dev/null && [ "$(node -p 'process.versions.node.split(".")[0]')" -ge "$oldest" ]; then
  command -v node
  exit
fi
echo "$(whole "node-$NODE" install)/node_modules/node/bin/node"
