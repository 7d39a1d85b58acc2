# shellcheck shell=bash
# ./dev lint, format, hooks: style. `lint --changed` takes seconds: it reads the changed files only.

LINT_PACKAGES=(clang-format-19 clang-tidy-19 shellcheck python3)

verb_lint() {
  case ${1:-} in
    '') lint_all ;;
    --changed) lint_changed ;;
    *) die "./dev lint takes --changed or nothing, not $1." ;;
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
  say "Each commit is checked by .githooks. To stop that: git config --unset core.hooksPath"
}

# Tracked files that exist: a file that was deleted or moved may still be in the index.
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
  (cd "$ROOT/tests/app" && go vet ./...) || die "go vet found something in tests/app."
  (cd "$ROOT/tests/e2e" && go vet ./internal/... ./cmd/local/... ./scenarios/...) ||
    die "go vet found something in tests/e2e."
  done_step
  lint_tidy "clang-tidy (about 10 minutes on two cores)" \
    < <(git -C "$ROOT" ls-files 'controller/*.cpp' 'cmd/*.cpp' | existing)
}

lint_changed() {
  need_packages "${LINT_PACKAGES[@]}"
  local changed code=0
  changed=$(changed_files)
  if [ -z "$changed" ]; then
    say "No file has changed since $(changed_base)."
    return 0
  fi
  configure_preset dev
  # In subshells, so that one finding does not hide the others.
  (lint_format < <(grep -E '\.(cpp|hpp)$' <<<"$changed")) || code=1
  (lint_gofmt < <(grep -E '\.go$' <<<"$changed")) || code=1
  (lint_words "$changed") || code=1
  (lint_shell < <(grep -Fxf <(shell_sources) <<<"$changed")) || code=1
  (lint_tidy "clang-tidy of the changed files (about 10 s each)" < <(changed_units "$changed")) || code=1
  return "$code"
}

# On main: HEAD, so that the changes of the work tree count. On a branch: the commit where it left
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

# The .cpp files that clang-tidy reads: for a changed header, the .cpp of its name.
changed_units() {
  grep -E '^(controller|cmd)/.*\.[ch]pp$' <<<"$1" | sed 's/\.hpp$/.cpp/' | sort -u | existing
}

# Each of these reads paths from its input, one a line.
lint_format() {
  step "clang-format"
  (cd "$ROOT" && xargs -r clang-format-19 --dry-run --Werror) ||
    die "Some files do not have the project's format: run ./dev format."
  done_step
}

lint_gofmt() {
  need_go
  step "gofmt"
  local unformatted
  unformatted=$(cd "$ROOT" && xargs -r gofmt -l) || die "gofmt could not read a file."
  [ -z "$unformatted" ] ||
    die "These files do not have Go's format: $unformatted. Run ./dev format."
  done_step
}

lint_shell() {
  step "shellcheck"
  (cd "$ROOT" && xargs -r shellcheck -x) || die "shellcheck found something."
  done_step
}

lint_tidy() {
  step "$1"
  (cd "$ROOT" && xargs -r -P "$(nproc)" -n 1 \
    clang-tidy-19 -p build/dev --quiet --warnings-as-errors='*' 2>/dev/null) ||
    die "clang-tidy found something."
  done_step
}

# lint_words [PATHS]: these files, one a line, or the whole tree.
lint_words() {
  step "word lint"
  local paths=()
  [ $# -eq 0 ] || mapfile -t paths <<<"$1"
  (cd "$ROOT" && python3 -B tools/lint/words.py "${paths[@]}") ||
    die "The word lint found something: tools/lint/words.txt has the rules."
  done_step
}
