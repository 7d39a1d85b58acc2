# shellcheck shell=bash
# ./dev demo: a bad release is shipped and put back, on the local Kubernetes or on a cluster that the user has.
# What happens on the cluster is told by tests/e2e/cmd/demo; this installs and removes.

DEMO_SYSTEM=lastgood-system

demo_help() {
  cat <<'HELP'
./dev demo [--keep]                         on the local Kubernetes, which is started when it is not up
./dev demo --kubeconfig FILE [--context NAME] [--image NAME] [--demo-image NAME] [--keep]
                                            on your cluster, which is left as it was found
  --keep             leaves Lastgood and the demo's Deployment there, to try things
  --image NAME       the controller's image, which your cluster can pull or already has
  --demo-image NAME  the same for the demo application
HELP
}

verb_demo() {
  local began kubeconfig='' context='' keep='' image='' demo_image=lastgood.dev/demo-app:dev
  began=$(now_ms)
  while [ $# -gt 0 ]; do
    case $1 in
      --keep) keep=yes ;;
      --kubeconfig | --context | --image | --demo-image)
        [ $# -ge 2 ] || die "$1 needs a value."
        case $1 in
          --kubeconfig) kubeconfig=$(realpath "$2") ;;
          --context) context=$2 ;;
          --image) image=$2 ;;
          --demo-image) demo_image=$2 ;;
        esac
        shift
        ;;
      -h | --help)
        demo_help
        return 0
        ;;
      *)
        demo_help >&2
        die "There is no ./dev demo $1."
        ;;
    esac
    shift
  done
  if [ -n "$context" ] && [ -z "$kubeconfig" ]; then kubeconfig=${KUBECONFIG:-$HOME/.kube/config}; fi
  [ -z "$kubeconfig" ] || [ -r "$kubeconfig" ] || die "The kubeconfig $kubeconfig cannot be read."
  demo_prepare
  DEMO_UNDO=()
  trap demo_undo EXIT
  if [ -z "$kubeconfig" ]; then demo_local_cluster; fi
  DEMO_KUBE=(--kubeconfig "$kubeconfig")
  [ -z "$context" ] || DEMO_KUBE+=(--context "$context")
  demo_install "$context" "$image"
  demo_play "$demo_image" "$keep"
  if [ -n "$keep" ]; then
    DEMO_UNDO=()
    demo_next_commands
  fi
  demo_undo
  say ""
  say "${GREEN}The demo went as it should${PLAIN} ($(seconds_since "$began"))"
}

# The programs: Kubernetes brings kubectl and Helm; the story is one of the tests' own.
demo_prepare() {
  ensure_kubernetes
  local home
  home=$CACHE/demo/$(cluster_hash "$ROOT/tests/e2e/cmd/demo" "$ROOT/tests/e2e/internal/client" "$ROOT/tests/e2e/go.mod")
  DEMO_PROGRAM=$home/demo
  DEMO_BIN=$home
  mkdir -p "$home"
  ln -sf "$CLUSTER_PROGRAM" "$home/kubectl"
  ln -sf "$CLUSTER_PROGRAM" "$home/helm"
  [ ! -x "$DEMO_PROGRAM" ] || return 0
  step "building the demo's story"
  cluster_build "$ROOT/tests/e2e" "$DEMO_PROGRAM" ./cmd/demo || die "tests/e2e/cmd/demo could not be built."
  done_step
}

demo_local_cluster() {
  ensure_image
  if ! cluster_local status >/dev/null 2>&1; then
    [ -n "$keep" ] || DEMO_UNDO+=(cluster_down)
    cluster_up
  fi
  kubeconfig=$CLUSTER_DIR/kubeconfig
  step "loading the controller's image into the node ($(image_megabytes "$IMAGE_ARCHIVE") MB)"
  quietly cluster_load_image "$IMAGE_ARCHIVE" || die "The image could not be loaded."
  done_step
}

demo_kubectl() { "$DEMO_BIN/kubectl" "${DEMO_KUBE[@]}" "$@"; }

demo_helm() {
  local flags=(--kubeconfig "${DEMO_KUBE[1]}")
  [ -z "$DEMO_CONTEXT" ] || flags+=(--kube-context "$DEMO_CONTEXT")
  "$DEMO_BIN/helm" "${flags[@]}" "$@"
}

# demo_install CONTEXT IMAGE
demo_install() {
  DEMO_CONTEXT=$1
  local image=$2 values=()
  demo_kubectl version >/dev/null 2>&1 || die "The cluster of ${DEMO_KUBE[1]} does not answer."
  if demo_helm status lastgood --namespace "$DEMO_SYSTEM" >/dev/null 2>&1; then
    say "Lastgood is installed there already; the demo uses it as it is."
    return 0
  fi
  if [ -n "$image" ]; then
    # A port in the registry's name has a colon too; the tag is what comes after the last slash's colon.
    [[ ${image##*/} == *:* ]] || die "--image needs a tag: NAME:TAG."
    values=(--set "image.repository=${image%:*}" --set "image.tag=${image##*:}")
  fi
  demo_kubectl get crd rollbacks.lastgood.dev >/dev/null 2>&1 || DEMO_UNDO+=(demo_remove_crds)
  demo_kubectl get namespace "$DEMO_SYSTEM" >/dev/null 2>&1 || DEMO_UNDO+=(demo_remove_system)
  DEMO_UNDO+=(demo_uninstall)
  step "installing the chart by Helm"
  quietly demo_helm install lastgood "$ROOT/deploy/charts/lastgood" --namespace "$DEMO_SYSTEM" --create-namespace "${values[@]}" \
    --wait --timeout 120s || die "The chart could not be installed."
  done_step
}

# demo_play DEMO-IMAGE KEEP
demo_play() {
  local flags=("${DEMO_KUBE[@]}" --image "$1" --kubectl "$DEMO_BIN/kubectl")
  [ -z "$2" ] || flags+=(--keep)
  "$DEMO_PROGRAM" "${flags[@]}"
}

demo_uninstall() { quietly demo_helm uninstall lastgood --namespace "$DEMO_SYSTEM" --wait; }
demo_remove_system() { quietly demo_kubectl delete namespace "$DEMO_SYSTEM" --ignore-not-found; }
demo_remove_crds() { quietly demo_kubectl delete --ignore-not-found -f "$ROOT/crds"; }

# In reverse, and all of it, whatever fails.
demo_undo() {
  trap - EXIT
  local i
  [ ${#DEMO_UNDO[@]} -eq 0 ] || say "Leaving the cluster as it was found."
  for ((i = ${#DEMO_UNDO[@]} - 1; i >= 0; i--)); do "${DEMO_UNDO[i]}" || true; done
  DEMO_UNDO=()
}

demo_next_commands() {
  cat <<NEXT

The cluster stays up. Things to try, one after the other:

  export KUBECONFIG=${DEMO_KUBE[1]} PATH=$DEMO_BIN:\$PATH
  kubectl -n lastgood-demo get deploymentguards,rollbacks
  kubectl -n lastgood-demo set env deployment/web HEALTH=fail && kubectl -n lastgood-demo get events --watch
  kubectl -n lastgood-demo describe rollbacks
NEXT
  if [ "${DEMO_KUBE[1]}" = "$CLUSTER_DIR/kubeconfig" ]; then say "  ./dev cluster down        when you have seen enough"; fi
}
