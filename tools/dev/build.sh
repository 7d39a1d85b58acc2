# shellcheck shell=bash
# ./dev build, lint, format: the C++ side. Must not know the tests' layers.

BUILD_PACKAGES=(clang-19 lld-19 libclang-rt-19-dev cmake ninja-build ccache pkg-config libboost1.81-dev libssl-dev nlohmann-json3-dev
  libspdlog-dev prometheus-cpp-dev libsimdjson-dev libcli11-dev libyaml-cpp-dev catch2 librapidcheck-dev zlib1g-dev
  libcurl4-openssl-dev)
LINT_PACKAGES=(clang-format-19 clang-tidy-19 shellcheck)

verb_build() {
  local preset=${1:-dev}
  case $preset in
    dev | sanitize | release) ;;
    *) die "There is no preset $preset; there are dev, sanitize and release." ;;
  esac
  build_preset "$preset" all
  say "build/$preset/cmd/lastgood-controller/lastgood-controller"
}

# build_preset PRESET TARGET...
build_preset() {
  local preset=$1
  shift
  need_packages "${BUILD_PACKAGES[@]}"
  export CCACHE_DIR=${CCACHE_DIR:-$CACHE/ccache} CCACHE_BASEDIR=$ROOT CCACHE_NOHASHDIR=1
  step "building ($preset: $*)"
  if [ ! -f "$ROOT/build/$preset/build.ninja" ]; then
    (cd "$ROOT" && quietly cmake --preset "$preset") || die "CMake could not configure build/$preset."
  fi
  if [ -t 1 ]; then
    ninja -C "$ROOT/build/$preset" "$@" || die "The build failed."
  else
    quietly ninja -C "$ROOT/build/$preset" "$@" || die "The build failed."
  fi
  done_step
}

cpp_sources() { (cd "$ROOT" && git ls-files '*.cpp' '*.hpp'); }
shell_sources() { (cd "$ROOT" && git ls-files dev 'tools/dev/*.sh' '*.sh' .ci/run); }

verb_format() {
  need_packages clang-format-19
  step "formatting"
  (cd "$ROOT" && cpp_sources | xargs clang-format-19 -i)
  if command -v gofmt >/dev/null; then (cd "$ROOT" && gofmt -w tests/e2e tests/app); fi
  done_step
}

verb_lint() {
  need_packages "${LINT_PACKAGES[@]}"
  build_preset dev all
  step "format"
  (cd "$ROOT" && cpp_sources | xargs clang-format-19 --dry-run --Werror) || die "Some files are not in the project's style: ./dev format mends them."
  done_step
  step "shellcheck"
  (cd "$ROOT" && shell_sources | xargs shellcheck -x) || die "shellcheck found something."
  done_step
  step "go vet"
  (cd "$ROOT/tests/app" && go vet ./...) || die "go vet found something in tests/app."
  (cd "$ROOT/tests/e2e" && go vet ./internal/... ./cmd/local/... ./scenarios/...) || die "go vet found something in tests/e2e."
  done_step
  step "clang-tidy (about 10 minutes on two cores)"
  (cd "$ROOT" && git ls-files 'controller/*.cpp' 'cmd/*.cpp' |
    xargs -P "$(nproc)" -n 4 clang-tidy-19 -p build/dev --quiet --warnings-as-errors='*' 2>/dev/null) || die "clang-tidy found something."
  done_step
}
