# shellcheck shell=bash
# The metrics servers for the tests: Debian's Prometheus 2, Alertmanager and VictoriaMetrics, and
# Prometheus 3 from its Go module. The packages are unpacked into the cache and not installed,
# because their installation would start services and create users.

METRICS_SERVERS_PACKAGES=(prometheus prometheus-alertmanager victoria-metrics)
METRICS_SERVERS_PROMETHEUS3=github.com/prometheus/prometheus/cmd/prometheus@v0.316.0

# Makes the programs available in $CACHE/metrics-servers/usr/bin: prometheus, prometheus3, promtool,
# prometheus-alertmanager, amtool and victoria-metrics. The tests find them by LASTGOOD_CACHE.
ensure_metrics_servers() {
  local folder=$CACHE/metrics-servers partial
  [ ! -x "$folder/usr/bin/prometheus3" ] || [ ! -x "$folder/usr/bin/victoria-metrics" ] || return 0
  partial=$(mktemp -d "$folder.XXXXXX")
  # With sudo, the tests run as another user than the owner of the folder, and must read it.
  chmod 755 "$partial"
  metrics_servers_packages "$partial" "${METRICS_SERVERS_PACKAGES[@]}"
  metrics_servers_prometheus3 "$partial"
  # The folder appears only when it is complete.
  rm -rf "$folder"
  mv "$partial" "$folder"
}

# Sets PROMETHEUS_PROGRAM, a Prometheus for the demo and the bench: the Prometheus 2 of the tests if
# it is in the cache. Otherwise fetches only its Debian package, which takes seconds.
ensure_prometheus() {
  local folder=$CACHE/prometheus partial
  PROMETHEUS_PROGRAM=$CACHE/metrics-servers/usr/bin/prometheus
  [ ! -x "$PROMETHEUS_PROGRAM" ] || return 0
  PROMETHEUS_PROGRAM=$folder/usr/bin/prometheus
  [ ! -x "$PROMETHEUS_PROGRAM" ] || return 0
  partial=$(mktemp -d "$folder.XXXXXX")
  metrics_servers_packages "$partial" prometheus
  rm -rf "$folder"
  mv "$partial" "$folder"
}

# metrics_servers_packages FOLDER PACKAGE...: unpacks the Debian packages into the folder.
metrics_servers_packages() {
  local folder=$1
  shift
  step "fetching Debian packages without installing them: $*"
  if ! metrics_servers_download "$folder" "$@" >/dev/null 2>&1; then
    # The package lists are missing, or name versions that the mirror no longer has.
    quietly as_root apt-get -o DPkg::Lock::Timeout=300 update || true
  fi
  if ! quietly metrics_servers_download "$folder" "$@" || ! metrics_servers_unpack "$folder"; then
    rm -rf "$folder"
    die "These Debian packages could not be fetched: $*."
  fi
  done_step
}

# metrics_servers_download FOLDER PACKAGE...: downloads the packages into the folder.
metrics_servers_download() { (cd "$1" && apt-get download "${@:2}"); }

# metrics_servers_unpack FOLDER: unpacks the packages in the folder, and deletes them.
metrics_servers_unpack() {
  local package
  for package in "$1"/*.deb; do
    dpkg-deb --extract "$package" "$1" && rm "$package" || return
  done
}

# metrics_servers_prometheus3 FOLDER: builds Prometheus 3, which Debian does not have. The tags
# leave out the discoveries of cloud providers.
metrics_servers_prometheus3() {
  need_go
  step "building Prometheus 3 (about 3 minutes)"
  (
    cd "$1" && GOBIN=$1/build CGO_ENABLED=0 quietly nice -n 5 go install -trimpath \
      -tags netgo,remove_all_sd -ldflags '-s -w' "$METRICS_SERVERS_PROMETHEUS3"
  ) || {
    rm -rf "$1"
    die "Prometheus 3 could not be built."
  }
  mv "$1/build/prometheus" "$1/usr/bin/prometheus3"
  rmdir "$1/build"
  done_step
}
