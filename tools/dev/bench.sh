# shellcheck shell=bash
# ./dev bench: measures rollbacks, the detection of bad releases, and the load of many checks. Each
# part prints its lines. It does not fail because of a slow result.

bench_help() {
  cat <<'HELP'
./dev bench [PART...]: measures Lastgood on the local Kubernetes; without PART, all parts except
scale and leaders
  rollbacks    the time from the decision of a rollback to the acknowledged patch, beside plain
               patches; then the API requests in one minute by state (6 minutes)
  detection    the time from the first bad value in Prometheus to the acknowledged patch (3 minutes)
  queries      CPU of the controller and drift of its queries with 500 prometheus checks; the bench
               plays a node for the pods (4 minutes)
  pods         CPU of the controller while it scrapes the metrics of 2,000 pods; needs root for a
               route to their addresses (5 minutes)
  scale [N...] a controller outside the cluster with N guarded Deployments and 10 ReplicaSets each
               (default 2000; several in ascending order, such as 500 2000 10000). The bench pauses
               the controller manager and the scheduler, and writes the status of all objects
               itself. It runs alone and needs root (13 minutes for 2000). It prints each figure
               with its budget and "met" or "not met" (docs/performance.md explains the figures):
                 first sync, beside plain LISTs and beside informers of client-go
                 memory: steady, peak, and for each guarded Deployment
                 CPU and API requests while all Deployments are Idle
                 API requests of 200 releases in flight, and the time until 200 releases that fail
                 together are rolled back
                 time and memory of a change of leader, by SIGTERM and by SIGKILL
                 time and memory of a relist after SIGKILL of the API server
  leaders [N]  ten changes of leader with N guarded Deployments (default 2000), by SIGTERM and by
               SIGKILL in turn. Each controller has a cgroup with the memory limit of the chart. The
               bench fails if the kernel kills one. It runs alone and needs root (15 minutes)
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
  case ${1:-} in
    scale | leaders)
      bench_scale "$@"
      return
      ;;
  esac
  case " $* " in *" scale "* | *" leaders "*)
    die "The parts scale and leaders run alone, for example: ./dev bench scale 500." ;;
  esac
  ensure_prometheus
  demo_prepare
  local folder keep='' kubeconfig
  bench_build
  DEMO_UNDO=()
  trap demo_undo EXIT
  demo_local_cluster
  DEMO_KUBE=(--kubeconfig "$kubeconfig")
  demo_install "" ""
  step "measuring: ${*:-all parts except scale and leaders, about 18 minutes}"
  "$folder/bench" --kubeconfig "$kubeconfig" --prometheus "$PROMETHEUS_PROGRAM" "$@"
  done_step
  demo_undo
}

# ./dev bench scale and leaders: the controller of the image runs outside the cluster, so that the
# bench can start and kill it.
# shellcheck disable=SC2034 # keep, DEMO_UNDO and DEMO_KUBE are read by the functions of demo.sh
bench_scale() {
  demo_prepare
  local folder keep='' kubeconfig
  bench_build
  DEMO_UNDO=()
  trap demo_undo EXIT
  demo_local_cluster
  DEMO_KUBE=(--kubeconfig "$kubeconfig")
  if demo_kubectl get deployments --all-namespaces --output name \
    --selector app.kubernetes.io/name=lastgood | grep -q .; then
    die "The part $1 needs a cluster in which Lastgood is not installed."
  fi
  demo_kubectl get crd rollbacks.lastgood.dev >/dev/null 2>&1 || DEMO_UNDO+=(demo_remove_crds)
  quietly demo_kubectl apply --server-side --force-conflicts -f "$ROOT/crds" ||
    die "The CRDs could not be applied."
  bench_controller
  step "measuring: $*"
  as_root "$folder/bench" --kubeconfig "$kubeconfig" --controller "$folder/controller" \
    --cluster-dir "$CLUSTER_DIR" "$@"
  done_step
  demo_undo
}

# Unpacks the image of the controller and writes $folder/controller, which runs its program with the
# libraries of the image.
bench_controller() {
  local unpacked=$folder/image layer loader libraries
  rm -rf "$unpacked"
  mkdir -p "$unpacked"
  tar -xOf "$IMAGE_ARCHIVE" manifest.json | grep -o '"Layers":\[[^]]*\]' | cut -d : -f 2- |
    tr -d '[]"' | tr , '\n' | while read -r layer; do
    tar -xOf "$IMAGE_ARCHIVE" "$layer" | tar -x -C "$unpacked" || exit
  done || die "The image of the controller could not be unpacked."
  loader=$(find "$unpacked/lib" "$unpacked/lib64" -name 'ld-linux*' -print -quit 2>/dev/null)
  [ -n "$loader" ] || die "The image of the controller has no program loader."
  libraries=$(dirname "$(find "$unpacked" -name 'libc.so.6' -print -quit)")
  printf '#!/bin/sh\nexec "%s" --library-path "%s" "%s" "$@"\n' "$loader" "$libraries" \
    "$unpacked/lastgood-controller" >"$folder/controller"
  chmod +x "$folder/controller"
}

# Builds the bench if its sources have changed, and sets `folder` of its caller.
bench_build() {
  local source=$ROOT/tests/e2e
  folder=$(cluster_hash "$source/cmd/bench" "$source/internal" "$source/go.mod")
  folder=$CACHE/bench/$folder
  if [ ! -x "$folder/bench" ]; then
    step "building the bench"
    mkdir -p "$folder"
    cluster_build "$source" "$folder/bench" ./cmd/bench ||
      die "tests/e2e/cmd/bench could not be built."
    done_step
  fi
}
