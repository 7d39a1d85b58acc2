# shellcheck shell=bash
# ./dev lint, ./dev format and ./dev hooks: check and correct the style. `./dev lint --changed`
# takes seconds, because it checks only the changed files.

LINT_PACKAGES=(clang-format-19 clang-tidy-19 shellcheck python3)

verb_lint() {
  case ${1:-} in
    '') lint_all ;;
    --changed) lint_changed ;;
    *) die "Unknown argument: ./dev lint $1. The only argument is --changed." ;;
  esac
}

verb_format() {
  need_packages clang-format-19
  step "formatting"
  (cd "$ROOT" && cpp_sources | xargs clang-format-19 -i)
  if command -v gofmt >/dev/null; then (cd "$ROOT" && go_sources | xargs gofmt -w); fi
  done_step
}

verb_hooks() {
  need_packages clang-format-19 python3
  git -C "$ROOT" config core.hooksPath .githooks
  say "Git runs .githooks for each commit. To stop that: git config --unset core.hooksPath"
}

# Prints the paths from standard input whose files exist. A deleted file may still be in the index.
existing() { while IFS= read -r path; do [ ! -f "$ROOT/$path" ] || printf '%s\n' "$path"; done; }
cpp_sources() { git -C "$ROOT" ls-files '*.cpp' '*.hpp' | existing; }
go_sources() { git -C "$ROOT" ls-files '*.go' | existing; }
shell_sources() {
  git -C "$ROOT" ls-files dev '*.sh' .ci/run '.githooks/*' | existing
}

lint_all() {
  need_packages "${LINT_PACKAGES[@]}"
  need_go
  build_preset dev all
  lint_format < <(cpp_sources)
  lint_gofmt < <(go_sources)
  lint_words
  lint_shell < <(shell_sources)
  step "go vet"
  (cd "$ROOT/tests/app" && go vet ./...) || die "go vet found errors in tests/app."
  (cd "$ROOT/tests/e2e" && go vet ./internal/... ./cmd/local/... ./cmd/soak/... ./scenarios/...) ||
    die "go vet found errors in tests/e2e."
  done_step
  lint_tidy "clang-tidy (about 10 minutes on two cores)" \
    < <(git -C "$ROOT" ls-files 'controller/*.cpp' 'cmd/*.cpp' | existing)
}

lint_changed() {
  need_packages "${LINT_PACKAGES[@]}"
  local changed code=0
  changed=$(changed_files)
  if [ -z "$changed" ]; then
    say "No file differs from $(changed_base)."
    return 0
  fi
  configure_preset dev
  # Each check runs in a subshell, because `die` ends the shell. So all checks show their errors.
  (lint_format < <(grep -E '\.(cpp|hpp)$' <<<"$changed")) || code=1
  (lint_gofmt < <(grep -E '\.go$' <<<"$changed")) || code=1
  (lint_words "$changed") || code=1
  (lint_shell < <(grep -Fxf <(shell_sources) <<<"$changed")) || code=1
  (lint_tidy "clang-tidy of the changed files (about 10 s each)" \
    < <(changed_units "$changed")) || code=1
  return "$code"
}

# Prints the commit to compare with: HEAD on main, and on a branch the commit where the branch left
# main.
changed_base() {
  local branch
  branch=$(git -C "$ROOT" rev-parse --abbrev-ref HEAD)
  if [ "$branch" = main ] || ! git -C "$ROOT" merge-base main HEAD 2>/dev/null; then
    echo HEAD
  fi
}

changed_files() {
  {
    git -C "$ROOT" diff --name-only --diff-filter=d "$(changed_base)"
    git -C "$ROOT" ls-files --others --exclude-standard
  } | sort -u | existing
}

# changed_units PATHS: prints the .cpp files for clang-tidy. For a changed header, this is the .cpp
# of the same name.
changed_units() {
  grep -E '^(controller|cmd)/.*\.[ch]pp$' <<<"$1" | sed 's/\.hpp$/.cpp/' | sort -u | existing
}

# Each of the following functions, except lint_words, reads paths from its standard input, one a
# line.
lint_format() {
  step "clang-format"
  (cd "$ROOT" && xargs -r clang-format-19 --dry-run --Werror) ||
    die "Some files are not formatted. Run ./dev format."
  done_step
}

lint_gofmt() {
  need_go
  step "gofmt"
  local unformatted
  unformatted=$(cd "$ROOT" && xargs -r gofmt -l) || die "gofmt could not read a file."
  [ -z "$unformatted" ] ||
    die "These files are not formatted: $unformatted. Run ./dev format."
  done_step
}

lint_shell() {
  step "shellcheck"
  (cd "$ROOT" && xargs -r shellcheck -x) || die "shellcheck found errors."
  done_step
}

# lint_tidy TEXT: the text is printed as the step.
lint_tidy() {
  step "$1"
  (cd "$ROOT" && xargs -r -P "$(nproc)" -n 1 \
    clang-tidy-19 -p build/dev --quiet --warnings-as-errors='*' 2>/dev/null) ||
    die "clang-tidy found errors."
  done_step
}

# lint_words [PATHS]: checks the files in PATHS, one path a line. Without PATHS, checks the whole
# tree.
lint_words() {
  step "word lint"
  local paths=()
  [ $# -eq 0 ] || mapfile -t paths <<<"$1"
  (cd "$ROOT" && python3 -B tools/lint/words.py "${paths[@]}") ||
    die "The word lint found errors. Its rules are in tools/lint/words.txt."
  done_step
}
