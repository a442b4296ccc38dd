#!/usr/bin/env bash
# cfn-lint, which knows what CloudFormation takes, in a Python environment. Prints its folder.
. "$(dirname "$0")/cache.sh"

install() { environment "cfn-lint==$CFN_LINT"; }

whole "cfn-lint-$CFN_LINT" install
