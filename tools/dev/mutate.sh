# shellcheck shell=bash
# ./dev mutate: is every rule of decide/ held by a test? Each is disabled or weakened in turn, in a copy, and the tests of decide/
# must then fail. What is weakened how is in mutations.sh.

MUTANT_COUNT=0

# verb_mutate [WORDS]: only those whose name has these words.
verb_mutate() {
  MUTATE_ONLY=${1:-}
  need_packages "${BUILD_PACKAGES[@]}"
  MUTATE_DIR=$(mktemp -d "${TMPDIR:-/tmp}/lastgood-mutate.XXXXXX")
  trap 'rm -rf "$MUTATE_DIR"' EXIT
  mkdir -p "$MUTATE_DIR/source" "$MUTATE_DIR/results"
  (cd "$ROOT" && tar -c --exclude=tests/e2e --exclude=tests/app CMakeLists.txt VERSION controller cmd tests) |
    tar -x -C "$MUTATE_DIR/source"
  build_unweakened
  local began
  began=$(now_ms)
  step "weakening one rule after the other (some minutes)"
  mutate_tables
  # shellcheck source=tools/dev/mutations.sh
  . "$ROOT/tools/dev/mutations.sh"
  wait
  tell_mutants "$began"
}

build_unweakened() {
  export CCACHE_DIR=${CCACHE_DIR:-$CACHE/ccache} CCACHE_BASEDIR=$MUTATE_DIR CCACHE_NOHASHDIR=1
  step "building the tests of decide/ as they are (a minute or two)"
  quietly cmake -S "$MUTATE_DIR/source" -B "$MUTATE_DIR/build" -G Ninja -DCMAKE_CXX_COMPILER=clang++-19 -DCMAKE_BUILD_TYPE=Debug \
    -DCMAKE_CXX_FLAGS_DEBUG="-O0 -w" || die "CMake could not configure the copy."
  quietly ninja -C "$MUTATE_DIR/build" test_decide || die "The tests of decide/ do not build."
  quietly "$MUTATE_DIR/build/tests/test_decide" || die "The tests of decide/ fail before anything is weakened."
  done_step
  MUTATE_LINK=$(cd "$MUTATE_DIR/build" && ninja -t commands tests/test_decide | tail -n 1)
}

# A rule of a table is replaced by one that never holds.
mutate_tables() {
  local decide=$MUTATE_DIR/source/controller/decide line table rule
  while IFS=: read -r line table rule; do
    mutant "$table/$rule never holds" hold.cpp \
      "${line}s/\.holds = [a-z_:]*/.holds = [](const World\&, const api::GuardStatus\&, Time) { return MaybeHold(); }/"
  done < <(entries_of "$decide/hold.cpp" holds)
  while IFS=: read -r line table rule; do
    mutant "request/$rule never refuses" request.cpp \
      "${line}s/\.refuses = [a-z_:]*/.refuses = [](const World\&, const api::GuardStatus\&, Time) { return MaybeRefusal(); }/"
  done < <(entries_of "$decide/request.cpp" refuses)
}

# entries_of FILE FIELD: each "line:table:rule" of its tables.
entries_of() {
  awk -v field="\\\\.$2 = " '
    match($0, /std::array [a-z_]+\{/) { table = substr($0, RSTART + 11, RLENGTH - 12) }
    $0 ~ field && match($0, /\.name = "[A-Za-z]+"/) { print NR ":" table ":" substr($0, RSTART + 9, RLENGTH - 10) }' "$1"
}

# mutant WHAT FILE SED: FILE of decide/, weakened by SED, must make a test fail. As many at once as there are processors.
mutant() {
  [[ $1 == *"$MUTATE_ONLY"* ]] || return 0
  MUTANT_COUNT=$((MUTANT_COUNT + 1))
  while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do wait -n || true; done
  local number
  number=$(printf '%03d' "$MUTANT_COUNT")
  try_mutant "$number" "$@" >"$MUTATE_DIR/results/$number" 2>&1 &
}

# One line: what became of it.
try_mutant() {
  local number=$1 what=$2 file=$3 script=$4 log
  local original=$MUTATE_DIR/source/controller/decide/$file weakened=$MUTATE_DIR/$number.cpp
  local object=$MUTATE_DIR/$number.o program=$MUTATE_DIR/test_$number
  log=$MUTATE_DIR/$number.log
  sed -E "$script" "$original" >"$weakened"
  if cmp -s "$original" "$weakened"; then
    printf 'NO MATCH  %s\n' "$what"
    return
  fi
  if ! build_mutant "$file" "$weakened" "$object" "$program" >"$log" 2>&1; then
    printf 'NO BUILD  %s  %s\n' "$what" "$(grep -m 1 error: "$log")"
    return
  fi
  # The quick ones first: the random histories are asked only of what survives them.
  local tests code
  for tests in '~[property]' '[property]'; do
    code=0
    timeout 600 "$program" "$tests" --abort >"$log" 2>&1 || code=$?
    [ "$code" = 0 ] || break
  done
  case $code in
    0) printf 'SURVIVED  %s\n' "$what" ;;
    124) printf 'killed    %s  by: a test that does not end\n' "$what" ;;
    *) printf 'killed    %s  by: %s\n' "$what" "$(first_failing "$log")" ;;
  esac
  rm -f "$program" "$object"
}

# Its symbols are linked before the library's, which then leaves its own out.
build_mutant() {
  local file=$1 weakened=$2 object=$3 program=$4 target compile
  target=controller/CMakeFiles/lastgood_decide.dir/decide/$file.o
  cd "$MUTATE_DIR/build" || return
  compile=$(ninja -t commands -s "$target" | tail -n 1)
  compile=${compile//"$MUTATE_DIR/source/controller/decide/$file"/"$weakened"}
  bash -c "${compile//"$target"/"$object"}" || return
  bash -c "${MUTATE_LINK/-o tests\/test_decide/"$object" -o "$program"}"
}

# Catch2 wraps a name into lines between two rules.
first_failing() {
  awk '/^-------/ { if (++rules == 2) exit; next } rules == 1 { sub(/^ +/, ""); name = name (name == "" ? "" : " ") $0 }
    END { print name == "" ? "the whole program" : name }' "$1"
}

tell_mutants() {
  local killed
  [ "$MUTANT_COUNT" -gt 0 ] || die "Nothing that is weakened has these words in its name: $MUTATE_ONLY"
  cat "$MUTATE_DIR"/results/*
  killed=$(cat "$MUTATE_DIR"/results/* | grep -c '^killed ' || true)
  done_step
  say "mutants: $killed of $MUTANT_COUNT killed ($(seconds_since "$1"))"
  [ "$killed" = "$MUTANT_COUNT" ] || die "What is not killed is held by no test, or was not weakened at all."
}
