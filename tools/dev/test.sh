# shellcheck shell=bash
# ./dev test: runs the layers of the tests and prints one summary line for each layer. The layers
# without a cluster run first, because they are fast.
#
# test_layer_LAYER runs one layer and sets LAYER_SUMMARY, a text for the summary line.

LAYERS=(lint unit simulation wire chart go e2e)
CPP_LAYERS=" unit simulation wire "

verb_test() {
  local layers=("$@") layer
  [ ${#layers[@]} -gt 0 ] || layers=("${LAYERS[@]}")
  for layer in "${layers[@]}"; do
    [[ " ${LAYERS[*]} " == *" $layer "* ]] || die "Unknown layer: $layer. Layers: ${LAYERS[*]}."
  done
  local targets=()
  for layer in "${layers[@]}"; do
    [[ $CPP_LAYERS != *" $layer "* ]] || targets+=("test_$layer")
  done
  [ ${#targets[@]} -eq 0 ] || build_preset dev "${targets[@]}"

  local began passed=0 failed=0 lines=()
  for layer in "${layers[@]}"; do
    began=$(now_ms)
    step "testing: $layer"
    if "test_layer_$layer"; then
      passed=$((passed + 1))
      lines+=("${GREEN}passed${PLAIN}  $layer  ${LAYER_SUMMARY:-}  ($(seconds_since "$began"))")
    else
      failed=$((failed + 1))
      lines+=("${RED}FAILED${PLAIN}  $layer  ${LAYER_SUMMARY:-}  ($(seconds_since "$began"))")
    fi
    say "${lines[-1]}"
  done
  say ""
  say "${BOLD}Layers${PLAIN}"
  printf '%s\n' "${lines[@]}"
  say "layers: $passed passed, $failed failed"
  [ "$failed" = 0 ]
}

# test_cpp LAYER: runs the tests of a test program in one process for each processor. Prints the
# output of a process only if a test failed in it.
test_cpp() {
  local program=$ROOT/build/dev/tests/test_$1 logs run runs=() code=0
  local processes
  processes=$(nproc)
  logs=$(mktemp -d "${TMPDIR:-/tmp}/lastgood-test.XXXXXX")
  # The exit code of the list is the number of tests, so it is ignored. Some characters need a
  # backslash in the file of names.
  { "$program" --list-test-names-only || true; } | sed 's/[][\\",]/\\&/g' >"$logs/names"
  for ((run = 0; run < processes; run++)); do
    awk -v run="$run" -v all="$processes" 'NR % all == run' "$logs/names" >"$logs/names.$run"
    "$program" --input-file "$logs/names.$run" >"$logs/output.$run" 2>&1 &
    runs+=($!)
  done
  for run in "${!runs[@]}"; do
    if ! wait "${runs[$run]}" || ! grep -q 'All tests passed' "$logs/output.$run"; then
      code=1
      tail -n 200 "$logs/output.$run"
    fi
  done
  LAYER_SUMMARY=$(cat "$logs"/output.* | sum_test_cases)
  if [[ $LAYER_SUMMARY != "$(wc -l <"$logs/names") test cases"* ]]; then
    code=1
    say "Not all of the $(wc -l <"$logs/names") test cases ran."
  fi
  rm -rf "$logs"
  return "$code"
}

# Adds the numbers of the summaries of Catch2: "All tests passed (9 assertions in 2 test cases)", or
# "test cases: 2 | 1 passed | 1 failed".
sum_test_cases() {
  sed -nE -e 's/^All tests passed \(.* in ([0-9]+) test cases?\)$/\1 0/p' \
    -e 's/^test cases: +([0-9]+) \|.* ([0-9]+) failed.*$/\1 \2/p' |
    awk '{ all += $1; failed += $2 } END { printf "%d test cases, %d failed", all, failed }'
}

test_layer_unit() { test_cpp unit; }
test_layer_simulation() { test_cpp simulation; }
test_layer_wire() { test_cpp wire; }

test_layer_lint() {
  need_packages python3 clang-19 "${MUTATE_PACKAGES[@]}"
  LAYER_SUMMARY="word lint, and the tests of the lint and of the mutator"
  quietly python3 -B -m unittest discover -s "$ROOT/tools/lint" -p '*_test.py' &&
    quietly /usr/bin/python3 -B -m unittest discover -s "$ROOT/tools/mutate" -p '*_test.py' &&
    python3 -B "$ROOT/tools/lint/words.py"
}

test_layer_go() {
  need_go
  LAYER_SUMMARY="test application and helpers of the scenarios, with a real Prometheus"
  ensure_metrics_servers
  (cd "$ROOT/tests/app" && go test -trimpath -count=1 ./...) &&
    (cd "$ROOT/tests/e2e" && LASTGOOD_CACHE=$CACHE go test -trimpath -count=1 \
      ./internal/... ./cmd/soak/... ./scenarios/internal/...)
}

test_layer_chart() {
  LAYER_SUMMARY="Helm chart: valid and invalid values"
  ensure_kubernetes
  ln -sf kubernetes "$(dirname "$CLUSTER_PROGRAM")/helm"
  bash "$ROOT/deploy/charts/test.sh" "$(dirname "$CLUSTER_PROGRAM")/helm"
}

test_layer_e2e() {
  LAYER_SUMMARY="real Kubernetes with running pods"
  test_e2e
}
