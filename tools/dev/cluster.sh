# shellcheck shell=bash
# ./dev cluster: controls the local Kubernetes. Installs missing packages. Builds the programs
# kubernetes, local, pause and demo-app into $CACHE, in folders named by the hash of their sources.
# The program local (tests/e2e/cmd/local) starts and stops the components. Nothing here depends on
# the scenarios of tests/e2e: other commands use the cluster too.

CLUSTER_DIR=${LASTGOOD_CLUSTER_DIR:-/var/lib/lastgood-cluster}
CLUSTER_KUBERNETES_VERSION=1.37.2
CLUSTER_PACKAGES=(containerd runc containernetworking-plugins nftables iproute2)

verb_cluster() {
  local action=${1:-help}
  [ $# -eq 0 ] || shift
  case $action in
    up) cluster_up ;;
    down) cluster_down ;;
    status) ensure_cluster_tools && cluster_local status ;;
    kubectl | helm) cluster_client "$action" "$@" ;;
    load-image) cluster_load_image "$@" ;;
    metrics-servers) ensure_metrics_servers ;;
    gitops-servers) ensure_gitops_servers ;;
    restart-apiserver | stop-apiserver | start-apiserver)
      ensure_cluster_tools && cluster_local "$action"
      ;;
    help | -h | --help) cluster_help ;;
    *)
      cluster_help >&2
      die "Unknown action: ./dev cluster $action."
      ;;
  esac
}

cluster_help() {
  cat <<'EOF'
./dev cluster ACTION: a real Kubernetes on this machine, without Docker (needs root and Debian)
  up                  start the cluster; the first time builds Kubernetes (about 8 minutes)
  down                stop the cluster and remove everything that it created
  status              list the components; exit code 0 if the cluster is ready
  kubectl ARG...      run kubectl on this cluster
  helm ARG...         run Helm on this cluster
  load-image FILE     load a docker or OCI archive into the node
  metrics-servers     fetch Prometheus and Alertmanager for the scenarios, without installing them
  gitops-servers      build Argo CD and Flux for the scenarios, without installing them
  restart-apiserver   kill the API server, start it again and wait until it is ready
  stop-apiserver      kill the API server
  start-apiserver     start the API server again and wait until it is ready
EOF
}

# For other commands: starts the cluster unless it is ready.
cluster_up_if_needed() {
  ensure_cluster_tools
  if ! cluster_local status >/dev/null 2>&1; then
    cluster_up
  fi
}

cluster_up() {
  ensure_kubernetes
  need_packages "${CLUSTER_PACKAGES[@]}"
  step "starting Kubernetes $CLUSTER_KUBERNETES_VERSION"
  cluster_local up --kubernetes "$CLUSTER_PROGRAM" --pause "$CLUSTER_TOOLS/pause" \
    --demo-app "$CLUSTER_TOOLS/demo-app" || return
  done_step
}

cluster_down() {
  ensure_cluster_tools
  step "stopping the local cluster"
  cluster_local down || return
  done_step
}

cluster_client() {
  local program="$CLUSTER_DIR/bin/$1"
  shift
  [ -x "$program" ] || die "No local cluster is running; start it with ./dev cluster up."
  KUBECONFIG=$CLUSTER_DIR/kubeconfig "$program" "$@"
}

cluster_load_image() {
  [ $# -eq 1 ] || die "./dev cluster load-image needs one file, a docker or OCI archive."
  ensure_cluster_tools
  cluster_local load-image "$1"
}

# Runs the program tests/e2e/cmd/local.
cluster_local() { as_root "$CLUSTER_TOOLS/local" --dir "$CLUSTER_DIR" "$@"; }

# Sets CLUSTER_PROGRAM, the binary with all of Kubernetes, and CLUSTER_TOOLS. Builds the programs
# that are not in the cache.
ensure_kubernetes() {
  need_go
  local source=$ROOT/tests/e2e
  local folder
  folder=$(cluster_hash "$source/go.mod" "$source/go.sum" "$source/cmd/kubernetes")
  folder=$CACHE/kubernetes/$folder
  CLUSTER_PROGRAM=$folder/kubernetes
  ensure_cluster_tools
  [ -x "$CLUSTER_PROGRAM" ] && return 0
  step "building Kubernetes $CLUSTER_KUBERNETES_VERSION (about 8 minutes the first time)"
  mkdir -p "$folder"
  cluster_build_with_progress "$source" "$folder/kubernetes" ./cmd/kubernetes \
    "$(cluster_version_flags)" || die "Kubernetes could not be built."
  cluster_remove_older "$folder"
  done_step
}

# Sets CLUSTER_TOOLS, the folder with the programs local, pause and demo-app. Builds them if they
# are not in the cache, which takes seconds.
ensure_cluster_tools() {
  need_go
  local source=$ROOT/tests/e2e application=$ROOT/tests/app
  local hash
  hash=$(cluster_hash "$source/cmd/local" "$source/cmd/pause" "$source/internal/local" \
    "$application")
  CLUSTER_TOOLS=$CACHE/cluster-tools/$hash
  [ -x "$CLUSTER_TOOLS/demo-app" ] && return 0
  step "building the programs of the local cluster"
  mkdir -p "$CLUSTER_TOOLS"
  local program
  for program in local pause; do
    cluster_build "$source" "$CLUSTER_TOOLS/$program" "./cmd/$program" ||
      die "tests/e2e/cmd/$program could not be built."
  done
  cluster_build "$application" "$CLUSTER_TOOLS/demo-app" . || die "tests/app could not be built."
  cluster_remove_older "$CLUSTER_TOOLS"
  done_step
}

# cluster_remove_older FOLDER: removes the folders beside FOLDER, which have programs of older
# sources. A running cluster does not need them: it has hard links to its programs, or copies.
cluster_remove_older() {
  find "$(dirname "$1")" -mindepth 1 -maxdepth 1 -type d ! -path "$1" -exec rm -rf {} +
}

# cluster_hash PATH...: prints a hash of all files below these paths, except Go tests and Markdown.
# The hash does not depend on the folder of the checkout.
cluster_hash() {
  (
    cd "$ROOT" || exit
    find "${@#"$ROOT"/}" -type f ! -name '*_test.go' ! -name '*.md' -print0 |
      sort -z | xargs -0 sha256sum | sha256sum | cut -c1-16
  )
}

# Prints the linker flags that set the version in the programs of Kubernetes.
cluster_version_flags() {
  local package flags="" version=$CLUSTER_KUBERNETES_VERSION
  local minor=${version#*.}
  for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    flags+=" -X $package.gitVersion=v$version -X $package.gitMajor=${version%%.*}"
    flags+=" -X $package.gitMinor=${minor%%.*}"
  done
  printf '%s' "$flags"
}

# cluster_build DIRECTORY TARGET PACKAGE [LINKER-FLAGS [GO-FLAG...]]: builds the Go package in the
# directory. TARGET appears only when the build is complete.
cluster_build() {
  local directory=$1 target=$2 package=$3 flags=${4:-} partial
  shift 3
  [ $# -eq 0 ] || shift
  partial=$(mktemp "$target.XXXXXX")
  if (
    cd "$directory" && CGO_ENABLED=0 nice -n 5 go build -trimpath -buildvcs=false "$@" \
      -ldflags "-s -w$flags" -o "$partial" "$package"
  ); then
    mv "$partial" "$target"
  else
    rm -f "$partial"
    return 1
  fi
}

# cluster_build_with_progress SOURCE TARGET PACKAGE LINKER-FLAGS: as cluster_build. Also prints how
# many modules Go has fetched, and how many packages it has compiled.
cluster_build_with_progress() {
  local source=$1 target=$2 package=$3 flags=$4 log total
  log=$(mktemp "${TMPDIR:-/tmp}/lastgood-kubernetes.XXXXXX")
  if ! cluster_with_progress "$log" "modules fetched" \
    cluster_list_packages "$source" "$package" "$log.packages"; then
    warn "Cannot fetch the Go modules of Kubernetes (module proxy: $(go env GOPROXY)):"
    tail -n 5 "$log" >&2
    return 1
  fi
  total=$(wc -l <"$log.packages")
  if ! cluster_with_progress "$log" "of at most $total packages compiled" \
    cluster_build "$source" "$target" "$package" "$flags" -v; then
    tail -n 40 "$log" >&2
    return 1
  fi
  rm -f "$log" "$log.packages"
}

# cluster_list_packages SOURCE PACKAGE FILE: writes the names of all Go packages of the program to
# FILE. This fetches their modules.
cluster_list_packages() { (cd "$1" && go list -deps "$2" >"$3"); }

# cluster_with_progress LOG WHAT COMMAND...: runs the command, with its stderr in LOG. The command
# prints one line for each module or package. Prints "<number of lines> WHAT" every 15 s.
cluster_with_progress() {
  local log=$1 what=$2 reporter code=0
  shift 2
  : >"$log"
  cluster_report "$log" "$what" $$ &
  reporter=$!
  "$@" 2>>"$log" || code=$?
  kill "$reporter" 2>/dev/null || true
  wait "$reporter" 2>/dev/null || true
  return "$code"
}

# cluster_report LOG WHAT PID: prints the number of lines of LOG every 15 s, until the process ends.
cluster_report() {
  while ! timeout 15 tail --pid="$3" -f /dev/null >/dev/null 2>&1; do
    say "   $(wc -l <"$1") $2, $(seconds_since "$STEP_START")"
  done
}
