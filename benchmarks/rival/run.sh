#!/usr/bin/env bash
# The rival: what a careful engineer writes by hand. Runs WORKFLOWS workflows at once, without a single sleep.
set -euo pipefail
cd "$(dirname "$0")"

workflow() {
  export WORKFLOW=$1
  local project=rival-$1 record test
  compose() { docker compose --progress quiet -p "$project" "$@"; }
  compose up -d --wait app record
  record=$(compose ps -q record)
  # Not `grep -q`: it would leave at the first match, and `docker logs` would learn of it only with its next line.
  grep -m 1 "starts to record" < <(docker logs -f "$record" 2>&1) >/dev/null
  compose run --rm tests
  docker stop -t 10 "$record" >/dev/null
  compose up -d test
  test=$(compose ps -aq test)
  [ "$(docker wait "$test")" = 0 ] || { docker logs "$test" >&2; return 1; }
  compose --profile '*' down -v --remove-orphans
}

pids=()
for number in $(seq "$WORKFLOWS"); do
  workflow "$number" & pids+=($!)
done
for pid in "${pids[@]}"; do wait "$pid"; done
