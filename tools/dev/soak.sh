# shellcheck shell=bash
# ./dev soak: changes Deployments on the local Kubernetes for an hour and observes the controller.
# demo.sh installs the chart; tests/e2e/cmd/soak does the rest.

soak_help() {
  cat <<'HELP'
./dev soak [--minutes N] [--seed N] [-o json]
  24 small Deployments on the local Kubernetes get good and bad releases, are scaled, annotated,
  deleted and created again; their policies change, their pods are deleted, and the API server
  restarts. Each minute, a line shows the memory, the open files and the requests of the controller.
  The end shows the growth of the memory, and whether each bad release was rolled back once and no
  good release was, by the audit log of the API server. Exit code 1 if not, or if the controller
  ended. Needs root and a cluster in which Lastgood is not installed.
  --minutes N  how long (default: 60)
  --seed N     the seed of the random changes, as an earlier soak printed it
  -o json      print the summary as JSON on the standard output
HELP
}

# shellcheck disable=SC2034 # keep, DEMO_UNDO and DEMO_KUBE are read by the functions of demo.sh
verb_soak() {
  local folder keep='' kubeconfig code=0 json='' soak_out
  case " $* " in
    *" -h "* | *" --help "*)
      soak_help
      return 0
      ;;
    *" json "*) json=yes ;;
  esac
  # With -o json, only the summary goes to the standard output.
  exec {soak_out}>&1
  [ -z "$json" ] || exec 1>&2
  demo_prepare
  soak_build
  DEMO_UNDO=()
  trap demo_undo EXIT
  demo_local_cluster
  DEMO_KUBE=(--kubeconfig "$kubeconfig")
  DEMO_CONTEXT=''
  if demo_helm status lastgood --namespace "$DEMO_NAMESPACE" >/dev/null 2>&1; then
    die "The soak needs a cluster in which Lastgood is not installed."
  fi
  # The soak observes one process. Many Deployments fail at once, which the breaker would hold.
  demo_install "" "" --set replicas=1,breaker.rollbacks=0,sharedCause.deployments=0
  step "soak"
  as_root "$folder/soak" --kubeconfig "$kubeconfig" --cluster-dir "$CLUSTER_DIR" "$@" \
    >&"$soak_out" || code=$?
  [ "$code" != 0 ] || done_step
  demo_undo
  return "$code"
}

# Builds the soak if its sources have changed, and sets `folder` of its caller.
soak_build() {
  local source=$ROOT/tests/e2e
  folder=$(cluster_hash "$source/cmd/soak" "$source/internal" "$source/go.mod")
  folder=$CACHE/soak/$folder
  [ ! -x "$folder/soak" ] || return 0
  step "building the soak"
  mkdir -p "$folder"
  cluster_build "$source" "$folder/soak" ./cmd/soak || die "tests/e2e/cmd/soak could not be built."
  cluster_remove_older "$folder"
  done_step
}
