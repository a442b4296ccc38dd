#!/usr/bin/env bash
# Prints the path of Chromium, which is installed where there is none. CHROMIUM may name another.
. "$(dirname "$0")/cache.sh"

for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable; do
  if [ -n "$name" ] && type -P "$name"; then
    exit
  fi
done
packages chromium
type -P chromium
