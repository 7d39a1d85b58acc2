# shellcheck shell=bash
# ./dev bench: measures rollbacks and, in the same run, plain patches. Has no threshold.

# shellcheck disable=SC2034 # keep, DEMO_UNDO and DEMO_KUBE are read by the functions of demo.sh
verb_bench() {
  demo_prepare
  local home keep='' kubeconfig source=$ROOT/tests/e2e
  home=$(cluster_hash "$source/cmd/bench" "$source/internal/client" "$source/go.mod")
  home=$CACHE/bench/$home
  if [ ! -x "$home/bench" ]; then
    step "building the bench"
    mkdir -p "$home"
    cluster_build "$source" "$home/bench" ./cmd/bench ||
      die "tests/e2e/cmd/bench could not be built."
    done_step
  fi
  DEMO_UNDO=()
  trap demo_undo EXIT
  demo_local_cluster
  DEMO_KUBE=(--kubeconfig "$kubeconfig")
  demo_install "" ""
  step "measuring 15 bad releases, one after the other"
  "$home/bench" --kubeconfig "$kubeconfig"
  done_step
  demo_undo
}
