#!/usr/bin/env bash
# One night: the shop serves its customers in one region, and the standby is proven in another.
set -euo pipefail
cd "$(dirname "$0")/.."
. demo/typed.sh
. demo/watchers.sh

demo/bring-up.sh
mkdir -p "$OUT"

say "2. Customers order, and a full backup is taken"
printf '\033[1m$ %s\033[0m\n' "drkit sandbox load --rate 5 --for 20m --ledger $OUT/customers.jsonl &"
drkit sandbox load --rate 5 --for 20m --ledger "$OUT/customers.jsonl" >"$OUT/load.txt" 2>&1 &
watchers+=("$!")
run sleep 8
run drkit backup --type full

say "3. What is not known before the first night"
run drkit ready || true

say "4. The night: a copy is built beside the shop, muzzled, checked, and taken away"
code=0
run drkit validate --region eu-central-1 || code=$?
echo "exit code $code"

say "5. What the customers had of it, and what is there of the copy"
end_watchers
cat "$OUT/load.txt"
run drkit reap eu-central-1

say "6. And in the morning"
run drkit ready || true
run drkit history --kind validate

say "Done. The shop is still there to look at (drkit sandbox status); the report is at"
ls .drkit/runs/*-validate-*/report.html
echo "Take it all away: drkit sandbox down"
exit "$code"
