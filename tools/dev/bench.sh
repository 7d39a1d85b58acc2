# shellcheck shell=bash
# ./dev bench: figures, each beside the API server's own in the same run. Prints; asserts nothing.

# shellcheck disable=SC2034 # keep, DEMO_UNDO and DEMO_KUBE are read by the functions of demo.sh
verb_bench() {
  demo_prepare
  local home keep='' kubeconfig
  home=$CACHE/bench/$(cluster_hash "$ROOT/tests/e2e/cmd/bench" "$ROOT/tests/e2e/internal/client" "$ROOT/tests/e2e/go.mod")
  if [ ! -x "$home/bench" ]; then
    step "building the bench"
    mkdir -p "$home"
    cluster_build "$ROOT/tests/e2e" "$home/bench" ./cmd/bench || die "tests/e2e/cmd/bench could not be built."
    done_step
  fi
  DEMO_UNDO=()
  trap demo_undo EXIT
  demo_local_cluster
  DEMO_KUBE=(--kubeconfig "$kubeconfig")
  demo_install "" ""
  step "15 bad releases, one after the other"
  "$home/bench" --kubeconfig "$kubeconfig"
  done_step
  demo_undo
}
