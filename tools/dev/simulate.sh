# shellcheck shell=bash
# ./dev simulate: plays random histories in the simulation. `./dev test` plays the first of them,
# for 1,000,000 steps. The rules of a history are in tests/simulation/history.

SIMULATE_BATCH=20
SIMULATE_SEEDS=1000

simulate_help() {
  cat <<HELP
${BOLD}./dev simulate [--seeds COUNT] [--seed SEED] [--events LIST]${PLAIN}

Plays random histories of releases, faults and users on a virtual clock, with two controllers. Each
step keeps the invariants, and each rollback helps. At the end, all faults stop, and the controllers
still roll back a bad release. A seed always gives the same history. A history that fails is shrunk
to its shortest part that fails.

  --seeds COUNT  how many histories to play (default: $SIMULATE_SEEDS; with --seed: 1)
  --seed SEED    the first seed. Without --seeds, prints what happens in this history
  --events LIST  play only these events of the history, for example 0,3,4; needs --seed

A step is one handler of a controller, which runs from one await to the next, or one timer of the
virtual clock.
HELP
}

# verb_simulate [--seeds COUNT] [--seed SEED] [--events LIST]
verb_simulate() {
  local seeds='' seed='' events=''
  while [ $# -gt 0 ]; do
    case $1 in
      -h | --help)
        simulate_help
        return 0
        ;;
      --seeds | --seed)
        [[ ${2:-} =~ ^[1-9][0-9]{0,8}$ ]] || die "$1 needs a number above 0, not \"${2:-}\"."
        if [ "$1" = --seeds ]; then seeds=$2; else seed=$2; fi
        ;;
      --events)
        [[ ${2:-} =~ ^(none|[0-9]{1,3}(,[0-9]{1,3})*)$ ]] ||
          die "--events needs the numbers of events, for example 0,3,4, not \"${2:-}\"."
        events=$2
        ;;
      *)
        die "Unknown argument: $1. ./dev simulate --help lists the arguments."
        ;;
    esac
    shift 2
  done
  [ -z "$events" ] || [ -n "$seed" ] || die "--events needs --seed."
  build_preset optimized test_simulation
  if [ -n "$seed" ] && [ -z "$seeds" ]; then
    LASTGOOD_SIMULATE_TRACE=1 LASTGOOD_SIMULATE_EVENTS=$events simulate_histories "$seed" 1 ||
      die "The history $seed fails."
    return
  fi
  simulate_many "${seed:-1}" "${seeds:-$SIMULATE_SEEDS}"
}

# simulate_many FIRST COUNT: plays the histories in batches, one for each processor at a time.
# Prints the output of each batch in which a history failed.
simulate_many() {
  local first=$1 count=$2 began result batch failed=0
  began=$(now_ms)
  SIMULATE_DIR=$(mktemp -d "${TMPDIR:-/tmp}/lastgood-simulate.XXXXXX")
  trap 'rm -rf "$SIMULATE_DIR"' EXIT
  export -f simulate_batch simulate_histories
  export SIMULATE_DIR SIMULATE_BATCH
  step "playing $count histories from seed $first"
  while read -r result batch; do
    [ "$result" = passed ] || {
      failed=$((failed + 1))
      cat "$SIMULATE_DIR/$batch"
    }
    say "$(cat "$SIMULATE_DIR"/* | simulate_sum "$began")"
  done < <(seq "$first" "$SIMULATE_BATCH" $((first + count - 1)) |
    xargs -P "$(nproc)" -I '{}' bash -c 'simulate_batch "$@"' _ '{}' $((first + count - 1)))
  cat "$SIMULATE_DIR"/* | grep -q "^simulated: " || die "No history was played."
  [ "$failed" = 0 ] || die "$failed batches have a failed history. Their output is above."
  done_step
}

# simulate_batch FIRST LAST: plays the histories of one batch, at most up to LAST.
simulate_batch() {
  local count=$SIMULATE_BATCH result=failed
  [ $(($1 + count - 1)) -le "$2" ] || count=$(($2 - $1 + 1))
  ! simulate_histories "$1" "$count" >"$SIMULATE_DIR/$1" 2>&1 || result=passed
  echo "$result $1"
}

# simulate_histories FIRST COUNT
simulate_histories() {
  LASTGOOD_SIMULATE_SEED=$1 LASTGOOD_SIMULATE_SEEDS=$2 \
    "$ROOT/build/optimized/tests/test_simulation" \
    'keeps the invariants in the histories of ./dev simulate'
}

# simulate_sum BEGAN: adds the lines "simulated: 20 histories, 81234 steps, ..." of its input. BEGAN
# is a value of now_ms.
simulate_sum() {
  awk -v began="$1" -v now="$(now_ms)" '
    /^simulated: / {
      histories += $2; steps += $4; minutes += $6; rollbacks += $9; races += $11
    }
    END {
      wall = (now - began) / 1000
      if (wall <= 0) wall = 0.001
      printf "%d histories, %d steps, %d virtual hours, %d rollbacks, %d races in %.0f s: ",
        histories, steps, minutes / 60, rollbacks, races, wall
      printf "%d virtual hours and %d steps a minute", minutes / wall, steps * 60 / wall
    }'
}
