# shellcheck shell=bash
# ./dev reference: writes the tables of docs/reference.md from the tables in controller/api.

verb_reference() {
  case ${1:-} in
    '' | --check) ;;
    *) die "Unknown argument: ./dev reference $1. The only argument is --check." ;;
  esac
  build_preset dev generate_reference
  step "docs/reference.md"
  local code=0
  "$ROOT/build/dev/tools/reference/generate_reference" "$@" "$ROOT/docs/reference.md" || code=$?
  case $code in
    0) ;;
    1) die "The tables of docs/reference.md are not current. Run ./dev reference." ;;
    *) die "The tables of docs/reference.md could not be generated." ;;
  esac
  done_step
}
