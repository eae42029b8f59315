#!/usr/bin/env bash
# The first step of the demo: a cloud on this machine, and the shop in its first region.
set -euo pipefail
cd "$(dirname "$0")/.."
. demo/typed.sh

if [ -e .drkit ] || [ -e secrets.yml ]; then
  kept=".drkit-$(date -u +%Y%m%d-%H%M%S)"
  say "0. From nothing: what an earlier demo left goes to $kept"
  run mkdir -m 700 "$kept"
  for left in .drkit secrets.yml; do
    [ ! -e "$left" ] || run mv "$left" "$kept/"
  done
fi

say "1. A cloud on this machine (a stand-in for AWS), and the shop in its first region"
run drkit sandbox down
run drkit sandbox up
run drkit sandbox secrets --output secrets.yml
run drkit prepare
run drkit deploy --region eu-west-3 --consent consent=ana
