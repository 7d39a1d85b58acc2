# shellcheck shell=bash
# The claims of tests/conformance, asked of the local cluster's API server; test_simulation asks them of the one in memory.

# Needs a cluster that is up; leaves nothing behind. What was wrong is printed.
test_conformance() {
  local code=0 kubectl=("$CLUSTER_DIR/bin/kubectl" --kubeconfig "$CLUSTER_DIR/kubeconfig") namespace=conformance
  build_preset dev test_conformance || return
  step "asking the API server what the simulation claims of it"
  # A server that was just made still serves every version there was; started again, it has forgotten the old ones.
  quietly cluster_local restart-apiserver || return
  "${kubectl[@]}" get namespace "$namespace" >/dev/null 2>&1 || quietly "${kubectl[@]}" create namespace "$namespace" || return
  quietly "$ROOT/build/dev/tests/test_conformance" --kubeconfig "$CLUSTER_DIR/kubeconfig" --namespace "$namespace" || code=$?
  "${kubectl[@]}" delete namespace "$namespace" --wait=false >/dev/null 2>&1
  [ "$code" != 0 ] || done_step
  return "$code"
}
