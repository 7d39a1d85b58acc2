# shellcheck shell=bash
# The local Kubernetes: ./dev cluster. Brings what it lacks, builds the programs into $CACHE, keyed by the hash of their
# sources, and leaves the rest to tests/e2e/cmd/local. Must not know what the tests do with the cluster.

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
    restart-apiserver | stop-apiserver | start-apiserver) ensure_cluster_tools && cluster_local "$action" ;;
    help | -h | --help) cluster_help ;;
    *)
      cluster_help >&2
      die "There is no ./dev cluster $action."
      ;;
  esac
}

cluster_help() {
  cat <<'EOF'
./dev cluster ACTION: a real Kubernetes on this machine, without Docker (root, Debian)
  up                  start it; the first time builds Kubernetes, which takes about 8 minutes
  down                remove it without a trace
  status              what runs; ends 0 when the cluster is ready
  kubectl ARG...      Kubernetes' command line on this cluster
  helm ARG...         Helm on this cluster
  load-image FILE     a docker or OCI archive into the node
  restart-apiserver   kill the API server and start it again (also stop-apiserver, start-apiserver)
EOF
}

# For other verbs: a cluster that is up and ready is used as it is, anything else becomes one.
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
  cluster_local up --kubernetes "$CLUSTER_PROGRAM" --pause "$CLUSTER_TOOLS/pause" --demo-app "$CLUSTER_TOOLS/demo-app" || return
  done_step
}

cluster_down() {
  ensure_cluster_tools
  step "taking the local cluster down"
  cluster_local down || return
  done_step
}

cluster_client() {
  local program="$CLUSTER_DIR/bin/$1"
  shift
  [ -x "$program" ] || die "No local cluster is up; start it with ./dev cluster up."
  KUBECONFIG=$CLUSTER_DIR/kubeconfig "$program" "$@"
}

cluster_load_image() {
  [ $# -eq 1 ] || die "./dev cluster load-image takes one file, a docker or OCI archive."
  ensure_cluster_tools
  cluster_local load-image "$1"
}

cluster_local() { as_root "$CLUSTER_TOOLS/local" --dir "$CLUSTER_DIR" "$@"; }

# Sets CLUSTER_PROGRAM, the one program that is all of Kubernetes, after building it when it is not in the cache.
ensure_kubernetes() {
  need_go
  local source=$ROOT/tests/e2e
  local home
  home=$CACHE/kubernetes/$(cluster_hash "$source/go.mod" "$source/go.sum" "$source/cmd/kubernetes")
  CLUSTER_PROGRAM=$home/kubernetes
  ensure_cluster_tools
  [ -x "$CLUSTER_PROGRAM" ] && return 0
  step "building Kubernetes $CLUSTER_KUBERNETES_VERSION (about 8 minutes the first time)"
  mkdir -p "$home"
  cluster_build_with_progress "$source" "$home/kubernetes" ./cmd/kubernetes "$(cluster_version_flags)" || die "Kubernetes could not be built."
  cluster_forget_older "$home"
  done_step
}

# Sets CLUSTER_TOOLS: local, pause and demo-app, which take seconds.
ensure_cluster_tools() {
  need_go
  local source=$ROOT/tests/e2e application=$ROOT/tests/app
  CLUSTER_TOOLS=$CACHE/cluster-tools/$(cluster_hash "$source/cmd/local" "$source/cmd/pause" "$source/internal/local" "$application")
  [ -x "$CLUSTER_TOOLS/demo-app" ] && return 0
  step "building the cluster's own programs"
  mkdir -p "$CLUSTER_TOOLS"
  cluster_build "$source" "$CLUSTER_TOOLS/local" ./cmd/local || die "tests/e2e/cmd/local could not be built."
  cluster_build "$source" "$CLUSTER_TOOLS/pause" ./cmd/pause || die "tests/e2e/cmd/pause could not be built."
  cluster_build "$application" "$CLUSTER_TOOLS/demo-app" . || die "tests/app could not be built."
  cluster_forget_older "$CLUSTER_TOOLS"
  done_step
}

# A running cluster has its own copies, so what was built from older sources is of no use to anyone.
cluster_forget_older() { find "$(dirname "$1")" -mindepth 1 -maxdepth 1 -type d ! -path "$1" -exec rm -rf {} +; }

# The hash of all files below the given paths, whatever directory the checkout is in.
cluster_hash() {
  (cd "$ROOT" && find "${@#"$ROOT"/}" -type f ! -name '*_test.go' ! -name '*.md' -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -c1-16)
}

cluster_version_flags() {
  local package flags="" minor=${CLUSTER_KUBERNETES_VERSION#*.}
  for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    flags+=" -X $package.gitVersion=v$CLUSTER_KUBERNETES_VERSION -X $package.gitMajor=${CLUSTER_KUBERNETES_VERSION%%.*} -X $package.gitMinor=${minor%%.*}"
  done
  printf '%s' "$flags"
}

# cluster_build DIRECTORY TARGET PACKAGE [LINKER-FLAGS [GO-FLAG...]]: the target appears only when it is whole.
cluster_build() {
  local directory=$1 target=$2 package=$3 flags=${4:-} partial
  shift 3
  [ $# -eq 0 ] || shift
  partial=$(mktemp "$target.XXXXXX")
  if (cd "$directory" && CGO_ENABLED=0 nice -n 5 go build -trimpath -buildvcs=false "$@" -ldflags "-s -w$flags" -o "$partial" "$package"); then
    mv "$partial" "$target"
  else
    rm -f "$partial"
    return 1
  fi
}

# Go names each module that it fetches and each package that it compiles; how many there were is all that a person wants to
# know.
cluster_build_with_progress() {
  local source=$1 target=$2 package=$3 flags=$4 log total
  log=$(mktemp "${TMPDIR:-/tmp}/lastgood-kubernetes.XXXXXX")
  if ! cluster_with_progress "$log" "modules fetched" cluster_packages "$source" "$package" "$log.packages"; then
    warn "The Go modules of Kubernetes could not be fetched (module proxy: $(go env GOPROXY)):"
    tail -n 5 "$log" >&2
    return 1
  fi
  total=$(wc -l <"$log.packages")
  if ! cluster_with_progress "$log" "of at most $total packages compiled" cluster_build "$source" "$target" "$package" "$flags" -v; then
    tail -n 40 "$log" >&2
    return 1
  fi
  rm -f "$log" "$log.packages"
}

# Lists all packages that a program is made of, which fetches their modules.
cluster_packages() { (cd "$1" && go list -deps "$2" >"$3"); }

# cluster_with_progress LOG WHAT COMMAND...: runs the command, its messages in LOG, and tells every 15 s how many there were.
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

# Ends by itself when the command that it reports on was interrupted.
cluster_report() {
  while ! timeout 15 tail --pid="$3" -f /dev/null >/dev/null 2>&1; do
    say "   $(wc -l <"$1") $2, $(seconds_since "$STEP_START")"
  done
}
