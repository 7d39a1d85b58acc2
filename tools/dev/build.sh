# shellcheck shell=bash
# ./dev build: builds C++ with CMake and Ninja. ./dev packages: installs Debian packages. Nothing
# here depends on the test layers (unit, wire, e2e, ...): the other commands pass the targets.

BUILD_PACKAGES=(clang-19 lld-19 libclang-rt-19-dev cmake ninja-build ccache pkg-config
  libboost1.81-dev libssl-dev nlohmann-json3-dev libspdlog-dev prometheus-cpp-dev libsimdjson-dev
  libcli11-dev libre2-dev libyaml-cpp-dev catch2 librapidcheck-dev zlib1g-dev libcurl4-openssl-dev
  python3)

verb_build() {
  local preset=${1:-dev}
  case $preset in
    dev | sanitize | tsan | coverage | optimized | release) ;;
    *) die "Unknown preset: $preset. Presets: dev, sanitize, tsan, coverage, optimized, release." ;;
  esac
  build_preset "$preset" all
  say "build/$preset/cmd/lastgood-controller/lastgood-controller"
}

# Installs now all packages that the other commands would install on first use.
verb_packages() {
  need_packages "${BUILD_PACKAGES[@]}" "${LINT_PACKAGES[@]}" "${COVERAGE_PACKAGES[@]}" \
    "${MUTATE_PACKAGES[@]}" "${CLUSTER_PACKAGES[@]}" buildah debootstrap
}

# build_preset PRESET TARGET...
build_preset() {
  local preset=$1
  shift
  configure_preset "$preset"
  step "building ($preset: $*)"
  if [ -t 1 ]; then
    ninja -C "$ROOT/build/$preset" "$@" || die "The build failed."
  else
    quietly ninja -C "$ROOT/build/$preset" "$@" || die "The build failed."
  fi
  done_step
}

# configure_preset PRESET: configures build/PRESET if it is not configured. This also writes
# build/PRESET/compile_commands.json.
configure_preset() {
  need_packages "${BUILD_PACKAGES[@]}"
  export CCACHE_DIR=${CCACHE_DIR:-$CACHE/ccache} CCACHE_BASEDIR=$ROOT CCACHE_NOHASHDIR=1
  # ccache needs this for precompiled headers. No source uses __TIME__ or __DATE__.
  export CCACHE_SLOPPINESS=pch_defines,time_macros
  [ ! -f "$ROOT/build/$1/build.ninja" ] || return 0
  (cd "$ROOT" && quietly cmake --preset "$1") || die "CMake could not configure build/$1."
}
