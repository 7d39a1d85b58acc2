# shellcheck shell=bash
# ./dev run: runs the controller outside the cluster.

verb_run() {
  build_preset dev lastgood-controller
  local flags=("$@")
  if [ ${#flags[@]} -eq 0 ]; then
    cluster_up_if_needed
    step "applying the CRDs"
    quietly cluster_client kubectl apply --server-side -f "$ROOT/crds" ||
      die "The CRDs could not be applied."
    done_step
    flags=(--kubeconfig "$CLUSTER_DIR/kubeconfig" --listen 127.0.0.1:8080 --log-format text)
  fi
  say "lastgood-controller ${flags[*]}   (stop it with Ctrl-C)"
  "$ROOT/build/dev/cmd/lastgood-controller/lastgood-controller" "${flags[@]}"
}
