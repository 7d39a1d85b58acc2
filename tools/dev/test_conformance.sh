# shellcheck shell=bash
# Checks the behaviors in tests/conformance on the API server of the local cluster. test_simulation
# checks the same behaviors on the fake API server.

# Needs a running cluster. Prints the behaviors that the API server does not have.
test_conformance() {
  local code=0 namespace=conformance kubeconfig=$CLUSTER_DIR/kubeconfig
  local kubectl=("$CLUSTER_DIR/bin/kubectl" --kubeconfig "$kubeconfig")
  build_preset "$TEST_PRESET" test_conformance || return
  step "checking on the API server the behaviors that the simulation relies on"
  # The suite expects an error for old resource versions. A new API server still serves them; after
  # a restart it does not.
  quietly cluster_local restart-apiserver || return
  "${kubectl[@]}" get namespace "$namespace" >/dev/null 2>&1 ||
    quietly "${kubectl[@]}" create namespace "$namespace" || return
  quietly "$ROOT/build/$TEST_PRESET/tests/test_conformance" --kubeconfig "$kubeconfig" \
    --namespace "$namespace" || code=$?
  "${kubectl[@]}" delete namespace "$namespace" --wait=false >/dev/null 2>&1
  [ "$code" != 0 ] || done_step
  return "$code"
}
