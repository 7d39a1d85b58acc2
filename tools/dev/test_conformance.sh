# shellcheck shell=bash
# Checks the behaviors of tests/conformance on the API server of the local cluster. test_simulation
# checks them on the fake API server.

# Needs a running cluster. Prints the behaviors that differ.
test_conformance() {
  local code=0 namespace=conformance kubeconfig=$CLUSTER_DIR/kubeconfig
  local kubectl=("$CLUSTER_DIR/bin/kubectl" --kubeconfig "$kubeconfig")
  build_preset dev test_conformance || return
  step "checking on the API server the behaviors that the simulation relies on"
  # A new API server still serves all resource versions. After a restart it no longer has old ones.
  quietly cluster_local restart-apiserver || return
  "${kubectl[@]}" get namespace "$namespace" >/dev/null 2>&1 ||
    quietly "${kubectl[@]}" create namespace "$namespace" || return
  quietly "$ROOT/build/dev/tests/test_conformance" --kubeconfig "$kubeconfig" \
    --namespace "$namespace" || code=$?
  "${kubectl[@]}" delete namespace "$namespace" --wait=false >/dev/null 2>&1
  [ "$code" != 0 ] || done_step
  return "$code"
}
