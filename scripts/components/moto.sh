#!/usr/bin/env bash
# moto, which speaks Glue's protocol, in a Python environment. Prints its folder.
. "$(dirname "$0")/cache.sh"

install() { environment "moto[server]==$MOTO"; }

whole "moto-$MOTO" install
