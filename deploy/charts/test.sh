#!/usr/bin/env bash
# Tests the chart without a cluster: what it renders for good values, and that wrong values are refused by name.
# Usage: test.sh [HELM], default the local cluster's own. Must not need anything but Helm 4.
set -uo pipefail

CHARTS=$(cd "$(dirname "$0")" && pwd)
PROJECT=$(cd "$CHARTS/../.." && pwd)
HELM=${1:-${LASTGOOD_CLUSTER_DIR:-/var/lib/lastgood-cluster}/bin/helm}
WORK=$(mktemp -d "${TMPDIR:-/tmp}/lastgood-chart.XXXXXX")
trap 'rm -rf "$WORK"' EXIT
PASSED=0
FAILED=0

command -v "$HELM" >/dev/null || {
  echo "Helm is missing at $HELM: name it as the first argument, or start the local cluster once." >&2
  exit 2
}

result() { # SENTENCE CODE [DETAIL]
  if [ "$2" = 0 ]; then
    PASSED=$((PASSED + 1))
  else
    FAILED=$((FAILED + 1))
    printf 'FAILED: %s\n%s\n' "$1" "${3:-}" >&2
  fi
}

render() { "$HELM" template lastgood "$CHARTS/lastgood" --namespace lastgood-system --kube-version 1.37.2 "$@" 2>"$WORK/stderr"; }

# How many lines of a rendered file are this one, whatever their indentation.
lines() { sed 's/^ *\(- \)\?//' "$WORK/$1" | grep -cxF -- "$2"; }

has() { # SENTENCE FILE LINE
  [ "$(lines "$2" "$3")" -gt 0 ]
  result "$1" $? "  no line in $2: $3"
}
lacks() {
  [ "$(lines "$2" "$3")" = 0 ]
  result "$1" $? "  a line in $2: $3"
}
counts() { # SENTENCE FILE LINE NUMBER
  [ "$(lines "$2" "$3")" = "$4" ]
  result "$1" $? "  not $4 times in $2: $3"
}

# Helm must say no, and name the value that is wrong.
refuses() { # SENTENCE WORD SETTING...
  local sentence=$1 word=$2
  shift 2
  if render "${@/#/--set=}" >/dev/null; then
    result "$sentence" 1 "  accepted: $*"
  else
    grep -qF -- "$word" "$WORK/stderr"
    result "$sentence" $? "  the message does not name $word: $(tail -n 5 "$WORK/stderr")"
  fi
}

renders() { # FILE SETTING...
  local file=$1
  shift
  render "${@/#/--set=}" >"$WORK/$file"
  result "renders with: ${*:-defaults}" $? "$(cat "$WORK/stderr")"
}

test_form() {
  "$HELM" lint --strict "$CHARTS/lastgood" >"$WORK/lint" 2>&1
  result "lint has nothing to say" $? "$(cat "$WORK/lint")"
  local version
  version=$(cat "$PROJECT/VERSION")
  cp "$CHARTS/lastgood/Chart.yaml" "$WORK/chart"
  has "the chart's version is the project's" chart "version: $version"
  has "the controller's version is the project's" chart "appVersion: \"$version\""
  awk '/^- apiGroups/ && previous !~ /^#/ { bad = 1 } { previous = $0 } END { exit bad }' "$CHARTS/lastgood/templates/_rules.tpl"
  result "every permission says which call needs it" $?
}

test_defaults() {
  renders defaults
  has "runs the image of its version" defaults "image: \"lastgood.dev/lastgood-controller:$(cat "$PROJECT/VERSION")\""
  has "never runs as root" defaults "runAsNonRoot: true"
  has "restricted: seccomp" defaults "type: RuntimeDefault"
  has "restricted: no privilege escalation" defaults "allowPrivilegeEscalation: false"
  has "restricted: no capabilities" defaults "drop: [ALL]"
  has "writes nothing to its root" defaults "readOnlyRootFilesystem: true"
  has "never guards itself" defaults 'lastgood.dev/enabled: "false"'
  has "two replicas have a disruption budget" defaults "kind: PodDisruptionBudget"
  has "all namespaces need a ClusterRole" defaults "kind: ClusterRoleBinding"
  lacks "secrets are not asked for" defaults "resources: [secrets]"
  ! grep -q '"\*"\|\[\*\]' "$WORK/defaults"
  result "no permission is a wildcard" $?
}

test_namespaces() {
  renders chosen watch.namespaces='{shop,pay}'
  has "the controller is told its namespaces" chosen "--namespaces=shop,pay"
  has "a chosen namespace has a Role" chosen 'namespace: "shop"'
  has "each chosen namespace has a Role" chosen 'namespace: "pay"'
  lacks "nothing is granted beyond the chosen namespaces" chosen "kind: ClusterRoleBinding"
}

test_breaker() {
  has "the controller is told the breaker's numbers" defaults "--breaker-rollbacks=5"
  has "the controller is told the breaker's share" defaults "--breaker-percent=10"
  has "the controller is told the breaker's time" defaults "--breaker-within=5m"
  renders breaker breaker.rollbacks=100000 breaker.percent=0 breaker.within=24h
  has "a breaker of large numbers is written out" breaker "--breaker-rollbacks=100000"
  has "a breaker of no share is written out" breaker "--breaker-percent=0"
  has "a breaker may count for a day" breaker "--breaker-within=24h"
}

test_secrets() {
  lacks "Secrets are not looked for by default" defaults "--read-secrets"
  renders secrets rbac.readSecrets=true
  counts "Secrets are read where the admin lets it" secrets "resources: [secrets]" 1
  has "the controller is told that it may look for Secrets" secrets "--read-secrets"
  renders secrets_chosen rbac.readSecrets=true watch.namespaces='{shop,pay}'
  counts "Secrets are read in the chosen namespaces alone" secrets_chosen "resources: [secrets]" 2
}

# Text of NOTES.txt, which only an installation shows.
notes() { # FILE SETTING...
  local file=$1
  shift
  "$HELM" install lastgood "$CHARTS/lastgood" --namespace lastgood-system --dry-run=client "${@/#/--set=}" >"$WORK/$file" 2>"$WORK/stderr"
  result "notes with: ${*:-defaults}" $? "$(cat "$WORK/stderr")"
}

test_notes() {
  notes notes
  lacks "an ordinary installation is not called paused" notes "With replicas=0 it is paused: nothing is judged and nothing is put back."
  lacks "an ordinary breaker is not worth a note" notes "With breaker.rollbacks=0 every Deployment is judged by itself, however many fail at the same time."
  has "the notes say that Secrets are not looked at" notes "3. See what it thinks of it, and whether a rollback would work now (Secrets are not looked at: rbac.readSecrets):"
  notes notes_changed breaker.rollbacks=0 rbac.readSecrets=true replicas=0
  has "the notes say that it is paused" notes_changed "With replicas=0 it is paused: nothing is judged and nothing is put back."
  has "the notes say that there is no breaker" notes_changed "With breaker.rollbacks=0 every Deployment is judged by itself, however many fail at the same time."
  has "the notes say nothing of Secrets that are looked at" notes_changed "3. See what it thinks of it, and whether a rollback would work now:"
}

# Nothing for the controller in these: they are for people.
test_user_roles() {
  has "who may edit a namespace may roll back by hand" defaults "resources: [rollbacks]"
  has "who administers a namespace may end a freeze" defaults "resources: [deploymentguards/status]"
  renders no_roles rbac.aggregateToUserRoles=false
  lacks "the roles of people can be left alone" no_roles "resources: [deploymentguards/status]"
}

test_replicas() {
  renders one replicas=1
  lacks "one replica can be drained" one "kind: PodDisruptionBudget"
  renders none replicas=0
  has "Lastgood can be paused" none "replicas: 0"
}

test_crds() {
  local crds
  crds=$(find "$PROJECT/crds" -name '*.yaml' | wc -l)
  counts "every CRD of the project is in the chart" defaults "kind: CustomResourceDefinition" "$crds"
  counts "every CRD outlives an uninstall" defaults "helm.sh/resource-policy: keep" "$crds"
  ! grep -q ': null$' "$WORK/defaults"
  result "no CRD has a field without a value, which a server-side apply refuses" $?
  renders unkept crds.keep=false
  lacks "CRDs can be removed with the release" unkept "helm.sh/resource-policy: keep"
  renders without crds.install=false
  lacks "CRDs can be left to another release" without "kind: CustomResourceDefinition"
  "$HELM" package "$CHARTS/lastgood" --destination "$WORK" >/dev/null 2>"$WORK/stderr" &&
    "$HELM" template lastgood "$WORK"/lastgood-*.tgz >"$WORK/packaged" 2>"$WORK/stderr"
  result "the chart can be packaged" $? "$(cat "$WORK/stderr")"
  counts "a packaged chart carries the CRDs themselves" packaged "kind: CustomResourceDefinition" "$crds"
}

test_refusals() {
  refuses "a misspelt value is refused" imagge imagge.tag=1.0
  refuses "a misspelt value inside another is refused" pullpolicy image.pullpolicy=Never
  refuses "fewer than no replicas are refused" replicas replicas=-1
  refuses "a number of replicas in words is refused" replicas replicas=two
  refuses "more replicas than make sense are refused" replicas replicas=50
  refuses "an unknown log level is refused" log log.level=loud
  refuses "an unknown log format is refused" log log.format=xml
  refuses "a namespace that cannot exist is refused" watch watch.namespaces='{Shop}'
  refuses "a namespace given twice is refused" watch watch.namespaces='{shop,shop}'
  refuses "one namespace that is not a list is refused" watch watch.namespaces=shop
  refuses "an unknown pull policy is refused" image image.pullPolicy=Sometimes
  refuses "an image without a name is refused" image image.repository=
  refuses "an unreadable quantity is refused" resources resources.limits.memory=lots
  refuses "a yes that is not true or false is refused" crds crds.keep=maybe
  refuses "a breaker without a number is refused" breaker breaker.rollbacks=many
  refuses "a breaker of less than nothing is refused" breaker breaker.rollbacks=-1
  refuses "a breaker beyond all fleets is refused" breaker breaker.rollbacks=100001
  refuses "more than all Deployments are refused" breaker breaker.percent=101
  refuses "a part of a percent is refused" breaker breaker.percent=2.5
  refuses "a misspelt value of the breaker is refused" rollback breaker.rollback=3
  for within in 0s 5 5x 1h30m 25h 86401s 1441m -5m 500ms; do
    refuses "the time $within is refused" breaker "breaker.within=$within"
  done
  refuses "a maybe for Secrets is refused" rbac rbac.readSecrets=perhaps
  refuses "a toleration with an unknown field is refused" tolerations 'tolerations[0].effekt=NoSchedule'
}

test_form
test_defaults
test_namespaces
test_breaker
test_secrets
test_user_roles
test_notes
test_replicas
test_crds
test_refusals
printf 'chart: %d checks passed, %d failed\n' "$PASSED" "$FAILED"
[ "$FAILED" = 0 ]
