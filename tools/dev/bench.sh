# shellcheck shell=bash
# ./dev bench: measures rollbacks and, in the same run, plain patches. Then it counts the API
# requests per minute in three states. It does not fail because of a slow result.

# shellcheck disable=SC2034 # keep, DEMO_UNDO and DEMO_KUBE are read by the functions of demo.sh
verb_bench() {
  demo_prepare
  local folder keep='' kubeconfig source=$ROOT/tests/e2e
  folder=$(cluster_hash "$source/cmd/bench" "$source/internal/client" "$source/go.mod")
  folder=$CACHE/bench/$folder
  if [ ! -x "$folder/bench" ]; then
    step "building the bench"
    mkdir -p "$folder"
    cluster_build "$source" "$folder/bench" ./cmd/bench ||
      die "tests/e2e/cmd/bench could not be built."
    done_step
  fi
  DEMO_UNDO=()
  trap demo_undo EXIT
  demo_local_cluster
  DEMO_KUBE=(--kubeconfig "$kubeconfig")
  demo_install "" ""
  step "measuring 15 bad releases, one after the other, and API requests for 4 minutes"
  "$folder/bench" --kubeconfig "$kubeconfig"
  done_step
  demo_undo
}
