# shellcheck shell=bash
# Debian's Prometheus and Alertmanager for the tests. The packages are unpacked into the cache and
# not installed, because their installation would start services and create a user.

METRICS_SERVERS_PACKAGES=(prometheus prometheus-alertmanager)

# Makes the programs available in $CACHE/metrics-servers/usr/bin: prometheus, promtool,
# prometheus-alertmanager and amtool. The tests find them by LASTGOOD_CACHE.
ensure_metrics_servers() {
  local folder=$CACHE/metrics-servers partial
  [ ! -x "$folder/usr/bin/prometheus" ] || return 0
  step "fetching Debian packages without installing them: ${METRICS_SERVERS_PACKAGES[*]}"
  partial=$(mktemp -d "$folder.XXXXXX")
  if ! metrics_servers_download "$partial" >/dev/null 2>&1; then
    # The package lists are missing, or name versions that the mirror has no longer.
    quietly as_root apt-get -o DPkg::Lock::Timeout=300 update || true
  fi
  if ! quietly metrics_servers_download "$partial" || ! metrics_servers_unpack "$partial"; then
    rm -rf "$partial"
    die "These Debian packages could not be fetched: ${METRICS_SERVERS_PACKAGES[*]}."
  fi
  # The folder appears only when it is complete.
  rm -rf "$folder"
  mv "$partial" "$folder"
  done_step
}

# metrics_servers_download FOLDER: downloads the packages into the folder.
metrics_servers_download() { (cd "$1" && apt-get download "${METRICS_SERVERS_PACKAGES[@]}"); }

# metrics_servers_unpack FOLDER: unpacks the packages in the folder, and deletes them.
metrics_servers_unpack() {
  local package
  # The tests read the folder as another user than its owner if they run with sudo.
  chmod 755 "$1" || return
  for package in "$1"/*.deb; do
    dpkg-deb --extract "$package" "$1" && rm "$package" || return
  done
}
