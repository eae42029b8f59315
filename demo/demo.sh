#!/usr/bin/env bash
# The main job, end to end, as commands that anyone could type. Each is printed before it runs.
# Everything happens on this machine: regions, customers, card provider, the disaster.
set -euo pipefail
cd "$(dirname "$0")/.."
. demo/typed.sh
. demo/watchers.sh

demo/bring-up.sh
mkdir -p "$OUT"

say "2. Customers order; the probe watches from outside; a full backup is taken"
printf '\033[1m$ %s\033[0m\n' "drkit probe &" \
  "drkit sandbox load --rate 5 --for 20m --ledger $OUT/customers.jsonl &"
drkit probe >"$OUT/probe.txt" 2>&1 &
watchers+=("$!")
drkit sandbox load --rate 5 --for 20m --ledger "$OUT/customers.jsonl" >"$OUT/load.txt" 2>&1 &
watchers+=("$!")
run sleep 8
run python3 demo/writers.py eu-west-3 --control
run drkit backup --type full
run sleep 15

say "3. The region is lost: hosts, API, storage and network drop every packet at once"
run drkit sandbox lose eu-west-3
run sleep 12

say "4. Rebuild in a region that holds nothing of the shop"
code=0
run drkit rebuild --region eu-central-1 --consent consent=ana || code=$?
echo "exit code $code"

say "5. The customers' own ledger beside drkit's clock; packets tried toward the lost region"
sleep 5
end_watchers
cat "$OUT/load.txt"
run drkit sandbox status

say "6. The lost region comes back while writers try hard: not one write is accepted there"
run python3 demo/writers.py eu-west-3

say "Done. The shop is still there to look at (drkit sandbox status); the report is at"
ls .drkit/runs/*-rebuild-*/report.html
echo "Take it all away: drkit sandbox down"
exit "$code"
