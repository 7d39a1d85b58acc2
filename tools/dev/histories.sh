# shellcheck shell=bash
# ./dev histories: plays many random histories in the simulation. `./dev test` plays the first 40.
# The test and the rules of a history are in tests/simulation/evidence_histories_test.cpp.

HISTORIES_BATCH=100

# verb_histories [COUNT [FIRST]]: plays COUNT histories. FIRST is the number of the first one, which
# is its seed. Prints the output of each batch in which a history failed.
verb_histories() {
  local count=${1:-10000} first=${2:-1} number
  for number in "$count" "$first"; do
    [[ $number =~ ^[1-9][0-9]{0,8}$ ]] || die "Not a number above 0: $number."
  done
  build_preset optimized test_simulation
  HISTORIES_DIR=$(mktemp -d "${TMPDIR:-/tmp}/lastgood-histories.XXXXXX")
  trap 'rm -rf "$HISTORIES_DIR"' EXIT
  export -f histories_batch
  export HISTORIES_DIR HISTORIES_BATCH
  step "playing $count histories from number $first (about 0.4 s for each on one processor)"
  local last=$((first + count - 1)) played=0 failed=0 result batch
  while read -r result batch; do
    played=$((played + HISTORIES_BATCH < count ? played + HISTORIES_BATCH : count))
    if [ "$result" = failed ]; then
      failed=$((failed + 1))
      cat "$HISTORIES_DIR/$batch"
    fi
    say "$played of $count histories, failed batches: $failed"
  done < <(seq "$first" "$HISTORIES_BATCH" "$last" |
    xargs -P "$(nproc)" -I '{}' bash -c 'histories_batch "$@"' _ '{}' "$last")
  [ "$played" = "$count" ] || die "Only $played of $count histories were played."
  [ "$failed" = 0 ] || die "$failed batches have a failed history. Their output is above."
  done_step
}

# histories_batch FIRST LAST: plays the histories of one batch, at most up to LAST.
histories_batch() {
  local last=$(($1 + HISTORIES_BATCH - 1)) output=$HISTORIES_DIR/$1 result=failed
  [ "$last" -le "$2" ] || last=$2
  if LASTGOOD_FIRST_HISTORY=$1 LASTGOOD_HISTORIES=$((last - $1 + 1)) \
    "$ROOT/build/optimized/tests/test_simulation" \
    'rolls back exactly when it helps in random histories' >"$output" 2>&1 &&
    grep -q 'All tests passed' "$output"; then
    result=passed
  fi
  echo "$result $1"
}
