# shellcheck shell=bash
# ./dev coverage: which lines the C++ tests run. Measures; asserts nothing.

COVERAGE_PACKAGES=(llvm-19)

# verb_coverage [LAYER...]: of all C++ layers, or of some.
verb_coverage() {
  local layers=("$@") layer
  local folder=$ROOT/build/coverage objects=()
  [ ${#layers[@]} -gt 0 ] || read -ra layers <<<"$CPP_LAYERS"
  for layer in "${layers[@]}"; do
    [[ $CPP_LAYERS == *" $layer "* ]] || die "There is no C++ layer $layer; there are:$CPP_LAYERS"
  done
  need_packages "${COVERAGE_PACKAGES[@]}" python3
  build_preset coverage "${layers[@]/#/test_}"
  rm -rf "$folder/profiles" "$folder/html"
  mkdir -p "$folder/profiles"
  for layer in "${layers[@]}"; do
    step "running: $layer"
    LLVM_PROFILE_FILE=$folder/profiles/$layer-%p.profraw quietly "$folder/tests/test_$layer" ||
      die "The tests of $layer fail: ./dev test $layer shows how."
    objects+=(--object "$folder/tests/test_$layer")
    done_step
  done
  step "reporting"
  llvm-profdata-19 merge --sparse --output "$folder/merged.profdata" "$folder"/profiles/*.profraw
  coverage_read export --summary-only | python3 -B "$ROOT/tools/dev/coverage.py" "$ROOT"
  coverage_read show --format=html --show-directory-coverage --output-dir "$folder/html" >/dev/null
  done_step
  say "every line: $folder/html/index.html"
}

# coverage_read COMMAND [FLAG...]: llvm-cov on the profile, for the controller's own sources.
coverage_read() {
  local command=$1
  shift
  llvm-cov-19 "$command" "$@" --instr-profile "$folder/merged.profdata" "${objects[@]}" \
    --ignore-filename-regex "^$ROOT/(tests|build)/|^/usr/"
}
