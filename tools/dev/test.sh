# shellcheck shell=bash
# ./dev test: runs the layers of the tests and prints one summary line for each layer. The layers
# without a cluster run first, because they are fast.
#
# Without names of layers it runs all except `fuzz`, which takes 20 minutes of processor time.
# --sanitize builds C++ with the address and undefined behavior sanitizers: the preset `sanitize`.
#
# test_layer_LAYER runs one layer and sets LAYER_SUMMARY, a text for the summary line.

LAYERS=(lint unit simulation wire chart go e2e fuzz)
DEFAULT_LAYERS=(lint unit simulation wire chart go e2e)
CPP_LAYERS=" unit simulation wire "
TEST_PRESET=dev
# The tests of a C++ layer run in this number of parts for each processor.
TEST_PARTS=8
TEST_ASAN_OPTIONS=quarantine_size_mb=32:malloc_context_size=12
TEST_ASAN_OPTIONS+=:external_symbolizer_path=/usr/lib/llvm-19/bin/llvm-symbolizer
TEST_UBSAN_OPTIONS=print_stacktrace=1

# verb_test [--sanitize] [LAYER...]
verb_test() {
  local layers=() layer argument
  for argument in "$@"; do
    if [ "$argument" = --sanitize ]; then
      TEST_PRESET=sanitize
    elif [[ " ${LAYERS[*]} " == *" $argument "* ]]; then
      layers+=("$argument")
    else
      die "Unknown layer: $argument. Layers: ${LAYERS[*]}."
    fi
  done
  [ ${#layers[@]} -gt 0 ] || layers=("${DEFAULT_LAYERS[@]}")
  TEST_LINES=() TEST_PASSED=0 TEST_FAILED=0
  test_build "${layers[@]}"
  for layer in "${layers[@]}"; do test_run "$layer"; done
  say ""
  say "${BOLD}Layers${PLAIN}"
  printf '%s\n' "${TEST_LINES[@]}"
  say "layers: $TEST_PASSED passed, $TEST_FAILED failed"
  [ "$TEST_FAILED" = 0 ]
}

# test_build LAYER...: builds the C++ programs of these layers.
test_build() {
  local layer targets=()
  for layer in "$@"; do
    [[ $CPP_LAYERS != *" $layer "* ]] || targets+=("test_$layer")
    case $layer in
      e2e) targets+=(test_conformance lastgood-controller) ;;
      fuzz) mapfile -t -O "${#targets[@]}" targets < <(test_fuzz_targets) ;;
    esac
  done
  [ ${#targets[@]} -eq 0 ] || build_preset "$TEST_PRESET" "${targets[@]}"
}

test_fuzz_targets() {
  [ "$TEST_PRESET" = dev ] || fuzzer_names | sed 's/^/fuzz_/'
}

# test_run LAYER: runs the layer, and adds its line to the summary.
test_run() {
  local began result=passed
  began=$(now_ms)
  LAYER_SUMMARY=''
  step "testing: $1"
  "test_layer_$1" || result=FAILED
  test_note "$result" "$1  $LAYER_SUMMARY  ($(seconds_since "$began"))"
}

# test_note RESULT TEXT: adds a line to the summary. RESULT is passed or FAILED.
test_note() {
  if [ "$1" = passed ]; then
    TEST_PASSED=$((TEST_PASSED + 1))
    TEST_LINES+=("${GREEN}passed${PLAIN}  $2")
  else
    TEST_FAILED=$((TEST_FAILED + 1))
    TEST_LINES+=("${RED}FAILED${PLAIN}  $2")
  fi
  say "${TEST_LINES[-1]}"
}

# test_cpp LAYER: runs the tests of a test program in parts, one for each processor at a time.
# Prints the output of a part only if a test failed in it.
test_cpp() {
  local program=$ROOT/build/$TEST_PRESET/tests/test_$1 logs parts part code=0
  parts=$(($(nproc) * TEST_PARTS))
  logs=$(mktemp -d "${TMPDIR:-/tmp}/lastgood-test.XXXXXX")
  # The exit code of the list is the number of tests, so it is ignored. Some characters need a
  # backslash in the file of names.
  { "$program" --list-test-names-only || true; } | sed 's/[][\\",]/\\&/g' >"$logs/names"
  awk -v logs="$logs" -v parts="$parts" '{ print >(logs "/names." NR % parts) }' "$logs/names"
  # shellcheck disable=SC2016
  find "$logs" -name 'names.*' | sort | ASAN_OPTIONS=$TEST_ASAN_OPTIONS \
    UBSAN_OPTIONS=$TEST_UBSAN_OPTIONS xargs -P "$(nproc)" -I '{}' \
    sh -c '"$0" --input-file "$1" >"$1.output" 2>&1; echo "$?" >"$1.code"' "$program" '{}'
  for part in "$logs"/names.*.code; do
    part=${part%.code}
    if [ "$(cat "$part.code")" != 0 ] || ! grep -q 'All tests passed' "$part.output"; then
      code=1
      tail -n 200 "$part.output"
    fi
  done
  LAYER_SUMMARY=$(cat "$logs"/*.output | sum_test_cases)
  if [[ $LAYER_SUMMARY != "$(wc -l <"$logs/names") test cases"* ]]; then
    code=1
    say "Not all of the $(wc -l <"$logs/names") test cases ran."
  fi
  LAYER_SUMMARY+=$(cat "$logs"/*.output | sum_steps)
  [ "$TEST_PRESET" != sanitize ] || LAYER_SUMMARY+=", with sanitizers"
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

# Adds the lines of the random histories: "simulated: 20 histories, 81234 steps, ...".
sum_steps() {
  awk '/^simulated: / { histories += $2; steps += $4 }
    END { if (steps) printf ", %d steps of %d random histories", steps, histories }'
}

test_layer_unit() { test_cpp unit; }
test_layer_simulation() { test_cpp simulation; }
test_layer_wire() { test_cpp wire; }

test_layer_fuzz() {
  local names code=0
  mapfile -t names < <(fuzzer_names)
  fuzz_run "$(nproc)" "${names[@]}" || code=$?
  LAYER_SUMMARY=${FUZZ_SUMMARY:-}
  return "$code"
}

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
