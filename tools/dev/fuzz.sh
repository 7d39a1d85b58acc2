# shellcheck shell=bash
# ./dev fuzz: runs the fuzzers with libFuzzer. tests/README.md says how to write one.

FUZZ_PACKAGES=(llvm-19)
FUZZ_SECONDS=60
FUZZ_INPUT_SECONDS=5
FUZZ_MEMORY_MB=2048

fuzz_help() {
  cat <<HELP
${BOLD}./dev fuzz [NAME...] [--time SECONDS] [--jobs COUNT]${PLAIN}

Gives random bytes to the parsers of data from outside, with the address and undefined behavior
sanitizers. Each fuzzer starts from its seeds and from the inputs of earlier runs.

  NAME            run only these fuzzers
  --time SECONDS  the time of each fuzzer on a processor (default: $FUZZ_SECONDS)
  --jobs COUNT    how many fuzzers run at the same time (default: one for each processor)

Fuzzers:
HELP
  local name
  for name in $(fuzzer_names); do
    # The first sentence of the file.
    printf '  %-18s %s\n' "$name" "$(sed -n '1s|^// ||p' "$ROOT/tests/fuzz/${name}_fuzz.cpp")"
  done
}

fuzzer_names() {
  local file
  for file in "$ROOT"/tests/fuzz/*_fuzz.cpp; do
    basename "$file" _fuzz.cpp
  done
}

# verb_fuzz [NAME...] [--time SECONDS] [--jobs COUNT]
verb_fuzz() {
  local names=() jobs name
  jobs=$(nproc)
  while [ $# -gt 0 ]; do
    case $1 in
      -h | --help)
        fuzz_help
        return 0
        ;;
      --time | --jobs)
        [[ ${2:-} =~ ^[1-9][0-9]{0,5}$ ]] || die "$1 needs a number above 0, not \"${2:-}\"."
        if [ "$1" = --time ]; then FUZZ_SECONDS=$2; else jobs=$2; fi
        shift
        ;;
      *)
        [ -f "$ROOT/tests/fuzz/$1_fuzz.cpp" ] ||
          die "Unknown fuzzer: $1. ./dev fuzz --help lists the fuzzers."
        names+=("$1")
        ;;
    esac
    shift
  done
  [ ${#names[@]} -gt 0 ] || mapfile -t names < <(fuzzer_names)
  fuzz_run "$jobs" "${names[@]}" || die "Some fuzzers have a finding. It is above."
}

# fuzz_run JOBS NAME...: builds and runs the fuzzers. Sets FUZZ_SUMMARY.
fuzz_run() {
  local jobs=$1 result name failed=()
  shift
  need_packages "${FUZZ_PACKAGES[@]}"
  build_preset sanitize "${@/#/fuzz_}"
  step "fuzzing for $FUZZ_SECONDS s each: $*"
  export -f fuzz_one fuzz_once
  export FUZZ_SECONDS FUZZ_INPUT_SECONDS FUZZ_MEMORY_MB
  while read -r result name; do
    say "$(printf '%-18s' "$name") $(fuzz_summary "$name" "$result")"
    [ "$result" = 0 ] || failed+=("$name")
  done < <(printf '%s\n' "$@" | xargs -P "$jobs" -I '{}' bash -c 'fuzz_one "$@"' _ '{}')
  for name in ${failed[@]+"${failed[@]}"}; do
    fuzz_report "$name"
  done
  # shellcheck disable=SC2034  # test.sh reads it
  FUZZ_SUMMARY="$# fuzzers for $FUZZ_SECONDS s each, ${#failed[@]} with a finding"
  [ ${#failed[@]} = 0 ] || return 1
  done_step
}

# fuzz_one NAME: runs a fuzzer until it has had its time on a processor: at the lowest priority, it
# may get less than all of the time. Prints its exit code and its name.
fuzz_one() {
  local folder=$ROOT/build/fuzz/runs/$1 code=0 used=0
  mkdir -p "$folder/corpus" "$folder/findings"
  : >"$folder/log"
  # The last seconds are not worth another start.
  while [ "$code" = 0 ] && [ $((FUZZ_SECONDS - used)) -gt $((FUZZ_SECONDS / 20)) ]; do
    { TIMEFORMAT='%U %S' && time fuzz_once "$1" $((FUZZ_SECONDS - used)); } \
      2>"$folder/time" || code=$?
    used=$((used + $(awk '{ printf "%d", $1 + $2 + 0.5 }' "$folder/time")))
  done
  echo "$used" >"$folder/time"
  echo "$code $1"
}

# fuzz_once NAME SECONDS
fuzz_once() {
  local folder=$ROOT/build/fuzz/runs/$1
  # A seed is not changed: libFuzzer writes only into the first folder.
  ASAN_OPTIONS=external_symbolizer_path=/usr/lib/llvm-19/bin/llvm-symbolizer \
    UBSAN_OPTIONS=print_stacktrace=1 \
    "$ROOT/build/sanitize/tests/fuzz/fuzz_$1" -max_total_time="$2" \
    -timeout="$FUZZ_INPUT_SECONDS" -rss_limit_mb="$FUZZ_MEMORY_MB" -print_final_stats=1 \
    -artifact_prefix="$folder/findings/" "$folder/corpus" "$ROOT/tests/fuzz/seeds/$1" \
    >>"$folder/log" 2>&1
}

# fuzz_summary NAME EXIT_CODE
fuzz_summary() {
  local folder=$ROOT/build/fuzz/runs/$1 inputs
  inputs=$(awk '/^stat::number_of_executed_units:/ { all += $2 } END { print all + 0 }' \
    "$folder/log")
  if [ "$2" = 0 ]; then
    say "${GREEN}no finding${PLAIN}, $inputs inputs in $(cat "$folder/time") s"
  else
    say "${RED}FINDING${PLAIN}"
  fi
}

# fuzz_report NAME: what was found, how to run it again, and what to do with it.
fuzz_report() {
  local folder=$ROOT/build/fuzz/runs/$1 finding
  tail -n 60 "$folder/log"
  finding=$(sed -n 's/.*Test unit written to //p' "$folder/log" | tail -n 1)
  warn "Finding of the fuzzer $1. Complete output: $folder/log"
  [ -n "$finding" ] || return 0
  say "  run it again:    build/sanitize/tests/fuzz/fuzz_$1 $finding"
  say "  make it smaller: build/sanitize/tests/fuzz/fuzz_$1 -minimize_crash=1 -runs=10000 $finding"
  say "  after the mend:  cp $finding tests/fuzz/seeds/$1/"
}
