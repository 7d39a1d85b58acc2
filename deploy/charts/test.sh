#!/usr/bin/env bash
# Tests the chart without a cluster: the manifests that it renders for valid values, and the errors
# for invalid values. Needs only Helm 4.
# Usage: test.sh [HELM]. The default is the Helm of the local cluster.
set -uo pipefail

CHARTS=$(cd "$(dirname "$0")" && pwd)
PROJECT=$(cd "$CHARTS/../.." && pwd)
HELM=${1:-${LASTGOOD_CLUSTER_DIR:-/var/lib/lastgood-cluster}/bin/helm}
WORK=$(mktemp -d "${TMPDIR:-/tmp}/lastgood-chart.XXXXXX")
trap 'rm -rf "$WORK"' EXIT
PASSED=0
FAILED=0

command -v "$HELM" >/dev/null || {
  echo "There is no Helm at $HELM. Run ./dev cluster up, or give the path as an argument." >&2
  exit 2
}

result() { # NAME CODE [DETAIL]
  if [ "$2" = 0 ]; then
    PASSED=$((PASSED + 1))
  else
    FAILED=$((FAILED + 1))
    printf 'FAILED: %s\n%s\n' "$1" "${3:-}" >&2
  fi
}

render() {
  "$HELM" template lastgood "$CHARTS/lastgood" --namespace lastgood-system \
    --kube-version 1.37.2 "$@" 2>"$WORK/stderr"
}

# Counts the lines of a file that equal LINE, without their indentation and their leading "- ".
lines() { # FILE LINE
  sed 's/^ *\(- \)\?//' "$WORK/$1" | grep -cxF -- "$2"
}

has() { # NAME FILE LINE
  [ "$(lines "$2" "$3")" -gt 0 ]
  result "$1" $? "  $2 has no line: $3"
}
lacks() { # NAME FILE LINE
  [ "$(lines "$2" "$3")" = 0 ]
  result "$1" $? "  $2 has the line: $3"
}
counts() { # NAME FILE LINE NUMBER
  [ "$(lines "$2" "$3")" = "$4" ]
  result "$1" $? "  $2 does not have $4 times the line: $3"
}

# Helm must fail, and its error must name the invalid value.
rejects() { # NAME WORD SETTING...
  local name=$1 word=$2
  shift 2
  if render "${@/#/--set=}" >/dev/null; then
    result "$name" 1 "  Helm accepts: $*"
  else
    grep -qF -- "$word" "$WORK/stderr"
    result "$name" $? "  the error does not name $word: $(tail -n 5 "$WORK/stderr")"
  fi
}

renders() { # FILE SETTING...
  local file=$1
  shift
  render "${@/#/--set=}" >"$WORK/$file"
  result "renders with: ${*:-defaults}" $? "$(cat "$WORK/stderr")"
}

test_lint_and_metadata() {
  "$HELM" lint --strict "$CHARTS/lastgood" >"$WORK/lint" 2>&1
  result "passes helm lint --strict" $? "$(cat "$WORK/lint")"
  local version
  version=$(cat "$PROJECT/VERSION")
  cp "$CHARTS/lastgood/Chart.yaml" "$WORK/chart"
  has "has the project's version as version" chart "version: $version"
  has "has the project's version as appVersion" chart "appVersion: \"$version\""
  awk '/^- apiGroups/ && previous !~ /^#/ { bad = 1 } { previous = $0 } END { exit bad }' \
    "$CHARTS/lastgood/templates/_rules.tpl"
  result "has a comment before each RBAC rule" $?
}

test_defaults() {
  renders defaults
  has "runs the image of the chart's version" defaults \
    "image: \"lastgood.dev/lastgood-controller:$(cat "$PROJECT/VERSION")\""
  has "does not run as root" defaults "runAsNonRoot: true"
  has "has the seccomp profile of the Pod Security Standard 'restricted'" defaults \
    "type: RuntimeDefault"
  has "does not allow privilege escalation" defaults "allowPrivilegeEscalation: false"
  has "drops all capabilities" defaults "drop: [ALL]"
  has "has a read-only root file system" defaults "readOnlyRootFilesystem: true"
  has "does not guard the controller itself" defaults 'lastgood.dev/enabled: "false"'
  has "has a disruption budget for two replicas" defaults "kind: PodDisruptionBudget"
  has "binds a ClusterRole when all namespaces are watched" defaults "kind: ClusterRoleBinding"
  lacks "does not allow to read Secrets" defaults "resources: [secrets]"
  ! grep -q '"\*"\|\[\*\]' "$WORK/defaults"
  result "has no wildcard in a permission" $?
}

test_namespaces() {
  renders chosen watch.namespaces='{shop,pay}'
  has "passes the chosen namespaces to the controller" chosen "--namespaces=shop,pay"
  has "has a Role in the first chosen namespace" chosen 'namespace: "shop"'
  has "has a Role in the second chosen namespace" chosen 'namespace: "pay"'
  lacks "grants nothing outside the chosen namespaces" chosen "kind: ClusterRoleBinding"
}

test_breaker() {
  has "passes breaker.rollbacks to the controller" defaults "--breaker-rollbacks=5"
  has "passes breaker.percent to the controller" defaults "--breaker-percent=10"
  has "passes breaker.within to the controller" defaults "--breaker-within=5m"
  renders breaker breaker.rollbacks=100000 breaker.percent=0 breaker.within=24h
  has "writes large numbers without an exponent" breaker "--breaker-rollbacks=100000"
  has "passes 0 percent" breaker "--breaker-percent=0"
  has "passes the longest breaker.within" breaker "--breaker-within=24h"
}

test_secrets() {
  lacks "does not check Secrets by default" defaults "--read-secrets"
  renders secrets rbac.readSecrets=true
  counts "allows to read Secrets with rbac.readSecrets" secrets "resources: [secrets]" 1
  has "passes rbac.readSecrets to the controller" secrets "--read-secrets"
  renders secrets_chosen rbac.readSecrets=true watch.namespaces='{shop,pay}'
  counts "allows to read Secrets in each chosen namespace" secrets_chosen "resources: [secrets]" 2
}

# The text of NOTES.txt, which only an installation shows.
notes() { # FILE SETTING...
  local file=$1
  shift
  "$HELM" install lastgood "$CHARTS/lastgood" --namespace lastgood-system --dry-run=client \
    "${@/#/--set=}" >"$WORK/$file" 2>"$WORK/stderr"
  result "prints notes with: ${*:-defaults}" $? "$(cat "$WORK/stderr")"
}

test_notes() {
  local paused breaker states
  paused="Lastgood is paused, because replicas=0: it evaluates nothing and rolls nothing back."
  breaker="The breaker is disabled, because breaker.rollbacks=0: many rollbacks at the same time"
  breaker+=" are allowed."
  states="3. List the states of all guarded Deployments, and whether a rollback would work"
  notes notes
  lacks "does not say that Lastgood is paused when it has replicas" notes "$paused"
  lacks "does not say that the breaker is disabled when it is enabled" notes "$breaker"
  has "notes that Secrets are not checked" notes \
    "$states (Secrets are not checked: rbac.readSecrets=false):"
  notes notes_changed breaker.rollbacks=0 rbac.readSecrets=true replicas=0
  has "notes that Lastgood is paused" notes_changed "$paused"
  has "notes that the breaker is disabled" notes_changed "$breaker"
  has "does not mention Secrets that are checked" notes_changed "$states:"
}

# These roles are for users, not for the controller.
test_user_roles() {
  has "lets users with the role 'edit' create Rollbacks" defaults "resources: [rollbacks]"
  has "lets users with the role 'admin' end a freeze" defaults \
    "resources: [deploymentguards/status]"
  renders no_roles rbac.aggregateToUserRoles=false
  lacks "does not change the roles of users" no_roles "resources: [deploymentguards/status]"
}

test_replicas() {
  renders one replicas=1
  lacks "has no disruption budget for one replica" one "kind: PodDisruptionBudget"
  renders none replicas=0
  has "can be paused with 0 replicas" none "replicas: 0"
}

test_crds() {
  local crds
  crds=$(find "$PROJECT/crds" -name '*.yaml' | wc -l)
  counts "has all CRDs of the project" defaults "kind: CustomResourceDefinition" "$crds"
  counts "keeps the CRDs on uninstall" defaults "helm.sh/resource-policy: keep" "$crds"
  # Server-side apply rejects null values.
  ! grep -q ': null$' "$WORK/defaults"
  result "has no null in a CRD" $?
  renders unkept crds.keep=false
  lacks "removes the CRDs on uninstall without crds.keep" unkept "helm.sh/resource-policy: keep"
  renders without crds.install=false
  lacks "has no CRDs without crds.install" without "kind: CustomResourceDefinition"
  "$HELM" package "$CHARTS/lastgood" --destination "$WORK" >/dev/null 2>"$WORK/stderr" &&
    "$HELM" template lastgood "$WORK"/lastgood-*.tgz >"$WORK/packaged" 2>"$WORK/stderr"
  result "can be packaged" $? "$(cat "$WORK/stderr")"
  counts "has all CRDs in the package" packaged "kind: CustomResourceDefinition" "$crds"
}

test_rejections() {
  rejects "rejects an unknown value" imagge imagge.tag=1.0
  rejects "rejects an unknown nested value" pullpolicy image.pullpolicy=Never
  rejects "rejects a negative number of replicas" replicas replicas=-1
  rejects "rejects a number of replicas in words" replicas replicas=two
  rejects "rejects too many replicas" replicas replicas=50
  rejects "rejects an unknown log level" log log.level=loud
  rejects "rejects an unknown log format" log log.format=xml
  rejects "rejects an invalid namespace" watch watch.namespaces='{Shop}'
  rejects "rejects a duplicate namespace" watch watch.namespaces='{shop,shop}'
  rejects "rejects a namespace that is not in a list" watch watch.namespaces=shop
  rejects "rejects an unknown pull policy" image image.pullPolicy=Sometimes
  rejects "rejects an image without a repository" image image.repository=
  rejects "rejects an invalid quantity" resources resources.limits.memory=lots
  rejects "rejects crds.keep that is not a boolean" crds crds.keep=maybe
  rejects "rejects breaker.rollbacks in words" breaker breaker.rollbacks=many
  rejects "rejects negative breaker.rollbacks" breaker breaker.rollbacks=-1
  rejects "rejects breaker.rollbacks that is too large" breaker breaker.rollbacks=100001
  rejects "rejects breaker.percent above 100" breaker breaker.percent=101
  rejects "rejects breaker.percent with a fraction" breaker breaker.percent=2.5
  rejects "rejects an unknown key under breaker" rollback breaker.rollback=3
  local within
  for within in 0s 5 5x 1h30m 25h 86401s 1441m -5m 500ms; do
    rejects "rejects breaker.within of $within" breaker "breaker.within=$within"
  done
  rejects "rejects rbac.readSecrets that is not a boolean" rbac rbac.readSecrets=perhaps
  rejects "rejects an unknown field of a toleration" tolerations \
    'tolerations[0].effekt=NoSchedule'
}

test_lint_and_metadata
test_defaults
test_namespaces
test_breaker
test_secrets
test_user_roles
test_notes
test_replicas
test_crds
test_rejections
printf 'chart: %d checks passed, %d failed\n' "$PASSED" "$FAILED"
[ "$FAILED" = 0 ]
