# shellcheck shell=bash
# ./dev demo: a bad release is rolled back, on the local Kubernetes or on the user's cluster. This
# script installs and removes Lastgood; tests/e2e/cmd/demo does the releases.
#
# DEMO_KUBE: the flags that select the cluster. DEMO_UNDO: the functions that undo the steps of the
# demo. DEMO_BIN: a folder with kubectl and helm.

DEMO_NAMESPACE=lastgood-system

demo_help() {
  cat <<'HELP'
./dev demo [--keep]      on the local Kubernetes, which is started if it is not running
./dev demo metrics       a release that answers 20% of its requests with an error is rolled back by
                         its metrics: first with a Prometheus, then without one; on the local
                         Kubernetes
./dev demo --kubeconfig FILE [--context NAME] [--image NAME] [--demo-image NAME] [--keep]
                         on your cluster; everything that the demo installs is removed at the end
  --keep                 do not remove Lastgood and the Deployment of the demo
  --image NAME           image of the controller; your cluster must have it or be able to pull it
  --demo-image NAME      image of the test application; your cluster must have it or be able to
                         pull it
HELP
}

verb_demo() {
  if [ "${1:-}" = metrics ]; then
    [ $# -eq 1 ] || die "./dev demo metrics takes no arguments."
    demo_metrics
    return
  fi
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
        die "Unknown argument: ./dev demo $1."
        ;;
    esac
    shift
  done
  if [ -n "$context" ] && [ -z "$kubeconfig" ]; then
    kubeconfig=${KUBECONFIG:-$HOME/.kube/config}
  fi
  [ -z "$kubeconfig" ] || [ -r "$kubeconfig" ] || die "Cannot read the kubeconfig $kubeconfig."
  demo_prepare
  DEMO_UNDO=()
  trap demo_undo EXIT
  if [ -z "$kubeconfig" ]; then demo_local_cluster; fi
  DEMO_KUBE=(--kubeconfig "$kubeconfig")
  [ -z "$context" ] || DEMO_KUBE+=(--context "$context")
  demo_install "$context" "$image"
  if [ -n "$keep" ]; then
    # Also after a failure: the user wants to look at what happened.
    DEMO_UNDO=()
    demo_play "$demo_image" "$keep" || {
      demo_next_commands
      die "The demo failed. Lastgood and the Deployment of the demo are kept, as --keep says."
    }
    demo_next_commands
  else
    demo_play "$demo_image" "$keep"
  fi
  demo_undo
  say ""
  say "${GREEN}The demo passed${PLAIN} ($(seconds_since "$began"))"
}

# ./dev demo metrics: Prometheus and the load run on this machine, so it needs the local Kubernetes.
demo_metrics() {
  local began kubeconfig keep=''
  began=$(now_ms)
  ensure_prometheus
  demo_prepare
  DEMO_UNDO=()
  trap demo_undo EXIT
  demo_local_cluster
  DEMO_KUBE=(--kubeconfig "$kubeconfig")
  demo_install '' ''
  "$DEMO_PROGRAM" "${DEMO_KUBE[@]}" --kubectl "$DEMO_BIN/kubectl" \
    --prometheus "$PROMETHEUS_PROGRAM" metrics
  demo_undo
  say ""
  say "${GREEN}The demo passed${PLAIN} ($(seconds_since "$began"))"
}

# Builds the program of the demo. kubectl and Helm are in the binary of Kubernetes.
demo_prepare() {
  ensure_kubernetes
  local folder source=$ROOT/tests/e2e
  folder=$(cluster_hash "$source/cmd/demo" "$source/internal" "$source/go.mod")
  folder=$CACHE/demo/$folder
  DEMO_PROGRAM=$folder/demo
  DEMO_BIN=$folder
  mkdir -p "$folder"
  ln -sf "$CLUSTER_PROGRAM" "$folder/kubectl"
  ln -sf "$CLUSTER_PROGRAM" "$folder/helm"
  [ ! -x "$DEMO_PROGRAM" ] || return 0
  step "building the demo"
  cluster_build "$source" "$DEMO_PROGRAM" ./cmd/demo || die "tests/e2e/cmd/demo could not be built."
  done_step
}

# Starts the local Kubernetes if it is not running, and sets `kubeconfig` of its caller. Unless
# `keep` is set, demo_undo stops a cluster that was started here.
demo_local_cluster() {
  ensure_image
  if ! cluster_local status >/dev/null 2>&1; then
    [ -n "$keep" ] || DEMO_UNDO+=(cluster_down)
    cluster_up
  fi
  kubeconfig=$CLUSTER_DIR/kubeconfig
  step "loading the image of the controller into the node ($(image_megabytes "$IMAGE_ARCHIVE") MB)"
  quietly cluster_load_image "$IMAGE_ARCHIVE" || die "The image could not be loaded."
  done_step
}

demo_kubectl() { "$DEMO_BIN/kubectl" "${DEMO_KUBE[@]}" "$@"; }

demo_helm() {
  local flags=(--kubeconfig "${DEMO_KUBE[1]}")
  [ -z "$DEMO_CONTEXT" ] || flags+=(--kube-context "$DEMO_CONTEXT")
  "$DEMO_BIN/helm" "${flags[@]}" "$@"
}

# demo_install CONTEXT IMAGE [HELM-FLAG...]: installs the chart with these flags, unless Lastgood is
# installed already. CONTEXT and IMAGE may be empty.
demo_install() {
  DEMO_CONTEXT=$1
  local image=$2 values=("${@:3}")
  demo_kubectl version >/dev/null 2>&1 ||
    die "The API server of ${DEMO_KUBE[1]} does not respond."
  if demo_helm status lastgood --namespace "$DEMO_NAMESPACE" >/dev/null 2>&1; then
    say "Lastgood is already installed; the demo uses this installation."
    return 0
  fi
  if [ -n "$image" ]; then
    # The port of a registry has a colon too, so only a colon after the last slash is a tag.
    [[ ${image##*/} == *:* ]] || die "--image needs a tag: NAME:TAG."
    values+=(--set "image.repository=${image%:*}" --set "image.tag=${image##*:}")
  fi
  demo_kubectl get crd rollbacks.lastgood.dev >/dev/null 2>&1 || DEMO_UNDO+=(demo_remove_crds)
  demo_kubectl get namespace "$DEMO_NAMESPACE" >/dev/null 2>&1 ||
    DEMO_UNDO+=(demo_remove_namespace)
  DEMO_UNDO+=(demo_uninstall)
  step "installing the chart"
  quietly demo_helm install lastgood "$ROOT/deploy/charts/lastgood" \
    --namespace "$DEMO_NAMESPACE" --create-namespace "${values[@]}" --wait --timeout 120s ||
    die "The chart could not be installed."
  done_step
}

# demo_play DEMO-IMAGE KEEP: does the releases. KEEP is empty or "yes".
demo_play() {
  local flags=("${DEMO_KUBE[@]}" --image "$1" --kubectl "$DEMO_BIN/kubectl")
  [ -z "$2" ] || flags+=(--keep)
  "$DEMO_PROGRAM" "${flags[@]}"
}

demo_uninstall() { quietly demo_helm uninstall lastgood --namespace "$DEMO_NAMESPACE" --wait; }
demo_remove_namespace() {
  quietly demo_kubectl delete namespace "$DEMO_NAMESPACE" --ignore-not-found
}
demo_remove_crds() { quietly demo_kubectl delete --ignore-not-found -f "$ROOT/crds"; }

# Runs the functions of DEMO_UNDO, the last one first. If a function fails, the next one still runs.
demo_undo() {
  trap - EXIT
  local i
  [ ${#DEMO_UNDO[@]} -eq 0 ] || say "Removing everything that the demo has installed."
  for ((i = ${#DEMO_UNDO[@]} - 1; i >= 0; i--)); do "${DEMO_UNDO[i]}" || true; done
  DEMO_UNDO=()
}

demo_next_commands() {
  cat <<NEXT

The cluster is still running. Try these commands, one after the other:

  export KUBECONFIG=${DEMO_KUBE[1]} PATH=$DEMO_BIN:\$PATH
  kubectl -n lastgood-demo get deploymentguards,rollbacks
  kubectl -n lastgood-demo set env deployment/web HEALTH=fail
  kubectl -n lastgood-demo get events --watch
  kubectl -n lastgood-demo describe rollbacks

Before the next demo:

  kubectl delete namespace lastgood-demo
NEXT
  if [ "${DEMO_KUBE[1]}" = "$CLUSTER_DIR/kubeconfig" ]; then
    say "  ./dev cluster down    # or this: it stops the local Kubernetes"
  fi
}
