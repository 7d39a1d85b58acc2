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

# test_cpp LAYER: runs a test program, and prints its output only if a test failed. The summary line
# of Catch2 has the number of tests.
test_cpp() {
  local log code=0
  log=$(mktemp "${TMPDIR:-/tmp}/lastgood-test.XXXXXX")
  "$ROOT/build/dev/tests/test_$1" >"$log" 2>&1 || code=$?
  LAYER_SUMMARY=$(grep -E 'test cases|All tests passed' "$log" | tail -n 1 | sed 's/=*//g')
  if [ "$code" = 0 ] && ! grep -q 'All tests passed' "$log"; then code=1; fi
  [ "$code" = 0 ] || tail -n 200 "$log"
  rm -f "$log"
  return "$code"
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
  LAYER_SUMMARY="test application and helpers of the scenarios"
  (cd "$ROOT/tests/app" && go test -trimpath -count=1 ./...) &&
    (cd "$ROOT/tests/e2e" && go test -trimpath -count=1 ./internal/...)
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
