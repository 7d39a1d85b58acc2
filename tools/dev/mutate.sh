# shellcheck shell=bash
# ./dev mutate: does a test hold each decision of the rules? See tools/mutate/README.md.

MUTATE_PACKAGES=(python3-clang-19)

# verb_mutate [OPTION...] [WORD...]: only the mutants that have all words.
verb_mutate() {
  need_packages "${BUILD_PACKAGES[@]}" "${MUTATE_PACKAGES[@]}"
  MUTATE_DIR=$(mktemp -d "${TMPDIR:-/tmp}/lastgood-mutate.XXXXXX")
  trap 'rm -rf "$MUTATE_DIR"' EXIT
  # The folder of the copies is new in each run: ccache knows them only without absolute paths.
  export CCACHE_DIR=${CCACHE_DIR:-$CACHE/ccache} CCACHE_BASEDIR=/ CCACHE_NOHASHDIR=1
  step "weakening each decision of the rules in turn (about 8 minutes on two cores)"
  # Debian's Python has libclang.
  /usr/bin/python3 -B "$ROOT/tools/mutate/mutate.py" --work "$MUTATE_DIR" "$@" ||
    die "Not all mutants are killed or listed. tools/mutate/README.md says what to do."
  done_step
}

# The mutator itself, on a small file.
test_mutator() {
  need_packages clang-19 "${MUTATE_PACKAGES[@]}"
  quietly /usr/bin/python3 -B -m unittest discover -s "$ROOT/tools/mutate" -p '*_test.py'
}
