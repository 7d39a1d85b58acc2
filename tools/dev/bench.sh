# shellcheck shell=bash
# ./dev bench: measures rollbacks, the detection of bad releases, and the load of many checks. Each
# part prints its lines. It does not fail because of a slow result.

bench_help() {
  cat <<'HELP'
./dev bench [PART...]: measures Lastgood on the local Kubernetes; without PART, all parts
  rollbacks    the time from the decision of a rollback to the acknowledged patch, beside plain
               patches; then the API requests in one minute by state (6 minutes)
  detection    the time from the first bad value in Prometheus to the acknowledged patch (3 minutes)
  queries      CPU of the controller and drift of its queries with 500 prometheus checks; the bench
               plays a node for the pods (4 minutes)
  pods         CPU of the controller while it scrapes the metrics of 2,000 pods; needs root for a
               route to their addresses (5 minutes)
HELP
}

# shellcheck disable=SC2034 # keep, DEMO_UNDO and DEMO_KUBE are read by the functions of demo.sh
verb_bench() {
  case ${1:-} in
    -h | --help)
      bench_help
      return 0
      ;;
  esac
  ensure_prometheus
  demo_prepare
  local folder keep='' kubeconfig source=$ROOT/tests/e2e
  folder=$(cluster_hash "$source/cmd/bench" "$source/internal" "$source/go.mod")
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
  step "measuring: ${*:-all parts, about 18 minutes}"
  "$folder/bench" --kubeconfig "$kubeconfig" --prometheus "$PROMETHEUS_PROGRAM" "$@"
  done_step
  demo_undo
}
