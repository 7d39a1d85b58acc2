# shellcheck shell=bash
# Tests on a real Kubernetes: the conformance suite, and the scenarios with the chart and the image.
# The functions of cluster.sh and image.sh create the cluster and the image.

# test_e2e [-run REGEX]: if the cluster is not running, starts it, and stops it at the end.
test_e2e() {
  local was_up=no code=0
  ensure_cluster_tools
  ! cluster_local status >/dev/null 2>&1 || was_up=yes
  # The trap also runs after an error or an interrupt.
  [ "$was_up" = yes ] || trap cluster_down EXIT
  cluster_up_if_needed || return
  test_conformance || code=$?
  test_e2e_scenarios "$@" || code=$?
  trap - EXIT
  [ "$was_up" = yes ] || cluster_down || code=$?
  return "$code"
}

# Prints the path of the controller that scenarios run outside the cluster.
controller_of_scenarios() {
  local built=$ROOT/build/$TEST_PRESET/cmd/lastgood-controller/lastgood-controller
  printf '%s' "${LASTGOOD_CONTROLLER:-$built}"
}

# With LASTGOOD_TEST_CONTROLLER=outside, each scenario runs the controller of build/dev outside the
# cluster, and no image is needed.
test_e2e_scenarios() {
  local program
  case ${LASTGOOD_TEST_CONTROLLER:-} in
    '') ensure_image && cluster_load_image "$IMAGE_ARCHIVE" || return ;;
    outside) ;;
    *) die "LASTGOOD_TEST_CONTROLLER must be empty or outside, not $LASTGOOD_TEST_CONTROLLER." ;;
  esac
  ensure_metrics_servers
  ensure_faketime
  [ -z "${LASTGOOD_TEST_LONG:-}" ] || ensure_gitops_servers
  # Scenarios that stop a controller run their controller outside the cluster.
  build_preset "$TEST_PRESET" lastgood-controller || return
  step "building the scenarios"
  program=$(mktemp "${TMPDIR:-/tmp}/lastgood-scenarios.XXXXXX")
  (
    cd "$ROOT/tests/e2e" &&
      CGO_ENABLED=0 nice -n 5 go test -trimpath -c -o "$program" ./scenarios
  ) || return
  done_step
  step "running the scenarios"
  local code=0
  # `go test` would print nothing before the end, so the binary runs directly.
  (
    cd "$ROOT/tests/e2e/scenarios" && as_root env LASTGOOD_CACHE="$CACHE" \
      LASTGOOD_CLUSTER_DIR="$CLUSTER_DIR" \
      LASTGOOD_TEST_CONTROLLER="${LASTGOOD_TEST_CONTROLLER:-}" \
      LASTGOOD_CONTROLLER="$(controller_of_scenarios)" \
      ASAN_OPTIONS="$TEST_ASAN_OPTIONS:detect_leaks=0" \
      UBSAN_OPTIONS="$TEST_UBSAN_OPTIONS" \
      "$program" -test.parallel 8 -test.timeout 30m "${@/#-run/-test.run}"
  ) || code=$?
  rm -f "$program"
  [ "$code" != 0 ] || done_step
  return "$code"
}

# Makes libfaketime available in $CACHE/faketime, for the scenarios with a wrong clock.
ensure_faketime() {
  local folder=$CACHE/faketime partial
  [ ! -d "$folder" ] || return 0
  partial=$(mktemp -d "$folder.XXXXXX")
  chmod 755 "$partial"
  metrics_servers_packages "$partial" libfaketime
  mv "$partial" "$folder"
}
