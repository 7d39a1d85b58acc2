# shellcheck shell=bash
# ./dev mutate: finds decisions of the rules that no test checks. See tools/mutate/README.md.

MUTATE_PACKAGES=(python3-clang-19)

# verb_mutate [OPTION...] [WORD...]: runs only the mutants that match all words.
verb_mutate() {
  need_packages "${BUILD_PACKAGES[@]}" "${MUTATE_PACKAGES[@]}"
  MUTATE_DIR=$(mktemp -d "${TMPDIR:-/tmp}/lastgood-mutate.XXXXXX")
  trap 'rm -rf "$MUTATE_DIR"' EXIT
  # The folder of the copies is new in each run. CCACHE_BASEDIR=/ makes all paths relative, so that
  # ccache finds the results of earlier runs.
  export CCACHE_DIR=${CCACHE_DIR:-$CACHE/ccache} CCACHE_BASEDIR=/ CCACHE_NOHASHDIR=1
  step "weakening each decision of the rules in turn (about 8 minutes on two cores)"
  # python3-clang-19 installs libclang for the Python of Debian, not for other Pythons.
  /usr/bin/python3 -B "$ROOT/tools/mutate/mutate.py" --work "$MUTATE_DIR" "$@" ||
    die "Not all mutants are killed or listed. tools/mutate/README.md says what to do."
  done_step
}
