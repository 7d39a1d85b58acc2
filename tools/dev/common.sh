# shellcheck shell=bash
# Functions that all commands of ./dev share: messages with durations, and the installation of
# packages. No function here depends on a command.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
CACHE=${LASTGOOD_CACHE:-${HOME:-/root}/.cache/lastgood}
VERSION=$(cat "$ROOT/VERSION")
export ROOT CACHE VERSION
mkdir -p "$CACHE"

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
  BOLD=$'\e[1m' DIM=$'\e[2m' RED=$'\e[31m' GREEN=$'\e[32m' PLAIN=$'\e[0m'
else
  BOLD='' DIM='' RED='' GREEN='' PLAIN=''
fi

say() { printf '%s\n' "$*"; }
warn() { printf '%s\n' "${RED}$*${PLAIN}" >&2; }
die() {
  warn "$*"
  exit 1
}

now_ms() { date +%s%3N; }

# seconds_since MILLISECONDS: prints the seconds since this value of now_ms.
seconds_since() { awk -v a="$1" -v b="$(now_ms)" 'BEGIN { printf "%.1f s", (b - a) / 1000 }'; }

# A step prints its text when it starts and its duration when it ends.
step() {
  STEP_TEXT=$1
  STEP_START=$(now_ms)
  printf '%s\n' "${BOLD}==> $STEP_TEXT${PLAIN}"
}
done_step() {
  say "${GREEN} ok${PLAIN} $STEP_TEXT ${DIM}($(seconds_since "$STEP_START"))${PLAIN}"
}

# Runs a command with its output in a log, which is printed only if the command fails.
quietly() {
  local log code=0
  log=$(mktemp "${TMPDIR:-/tmp}/lastgood-dev.XXXXXX")
  "$@" >"$log" 2>&1 || code=$?
  if [ "$code" = 0 ]; then
    rm -f "$log"
    return 0
  fi
  tail -n 60 "$log" >&2
  warn "failed: $* (complete output: $log)"
  return "$code"
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "This command needs root: $*. Run ./dev as root or install sudo."
  fi
}

# Installs the missing Debian packages.
need_packages() {
  local missing=() package
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
      missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
    die "Debian packages are missing. Run apt-get install ${missing[*]}, or run ./dev as root."
  fi
  step "installing Debian packages: ${missing[*]}"
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300)
  quietly as_root "${apt[@]}" update ||
    die "The package lists of Debian could not be fetched. Packages are missing: ${missing[*]}."
  quietly as_root "${apt[@]}" install -y --no-install-recommends "${missing[@]}" ||
    die "These Debian packages could not be installed: ${missing[*]}."
  done_step
}

# Go must be installed. If it is older than go.mod requires, Go fetches the required version itself.
need_go() {
  command -v go >/dev/null ||
    die "Go is missing. Install Go 1.21 or later, which fetches the version that it needs."
}
