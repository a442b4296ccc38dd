#!/usr/bin/env bash
# versitygw, which speaks S3's protocol over a folder. Prints its folder.
. "$(dirname "$0")/cache.sh"

install() { GOFLAGS=-trimpath GOBIN=$PWD "${GO:-go}" install "github.com/versity/versitygw/cmd/versitygw@$VERSITYGW"; }

whole "versitygw-$VERSITYGW" install
