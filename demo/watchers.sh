# Sourced: who watches in the background (`watchers+=("$!")`) goes home at the end of the demo.
OUT=.drkit/demo

watchers=()
end_watchers() {
  for pid in "${watchers[@]}"; do kill -INT "$pid" 2>/dev/null || true; done
  wait
  watchers=()
}
trap end_watchers EXIT
