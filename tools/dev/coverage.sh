# shellcheck shell=bash
# ./dev coverage: measures which lines the C++ tests run. It does not fail because of a low
# coverage.

COVERAGE_PACKAGES=(llvm-19)

# verb_coverage [LAYER...]: measures all C++ layers, or some.
verb_coverage() {
  local layers=("$@") layer
  local folder=$ROOT/build/coverage objects=()
  [ ${#layers[@]} -gt 0 ] || read -ra layers <<<"$CPP_LAYERS"
  for layer in "${layers[@]}"; do
    [[ $CPP_LAYERS == *" $layer "* ]] || die "Unknown C++ layer: $layer. C++ layers:$CPP_LAYERS"
  done
  need_packages "${COVERAGE_PACKAGES[@]}" python3
  build_preset coverage "${layers[@]/#/test_}"
  rm -rf "$folder/profiles" "$folder/html"
  mkdir -p "$folder/profiles"
  for layer in "${layers[@]}"; do
    step "running the tests: $layer"
    LLVM_PROFILE_FILE=$folder/profiles/$layer-%p.profraw quietly "$folder/tests/test_$layer" ||
      die "Tests of the layer $layer failed. Run ./dev test $layer to see them."
    objects+=(--object "$folder/tests/test_$layer")
    done_step
  done
  step "writing the report"
  llvm-profdata-19 merge --sparse --output "$folder/merged.profdata" "$folder"/profiles/*.profraw
  coverage_read export --summary-only | python3 -B "$ROOT/tools/dev/coverage.py" "$ROOT"
  coverage_read show --format=html --show-directory-coverage --output-dir "$folder/html" >/dev/null
  done_step
  say "The coverage of each line: $folder/html/index.html"
}

# coverage_read COMMAND [FLAG...]: runs this command of llvm-cov for the sources of the controller.
# Uses the variables `folder` and `objects` of verb_coverage.
coverage_read() {
  local command=$1
  shift
  llvm-cov-19 "$command" "$@" --instr-profile "$folder/merged.profdata" "${objects[@]}" \
    --ignore-filename-regex "^$ROOT/(tests|build)/|^/usr/"
}
