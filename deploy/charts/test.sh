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

# In the comments below, NAME is the name of a check, which is printed if the check fails. FILE is a
# file in $WORK. SETTING is an argument of --set.

record_result() { # NAME CODE [DETAIL]
  if [ "$2" = 0 ]; then
    PASSED=$((PASSED + 1))
  else
    FAILED=$((FAILED + 1))
    printf 'FAILED: %s\n%s\n' "$1" "${3:-}" >&2
  fi
}

# Prints the manifests.
render() { # ARGUMENT...
  "$HELM" template lastgood "$CHARTS/lastgood" --namespace lastgood-system \
    --kube-version 1.37.2 "$@" 2>"$WORK/stderr"
}

# Counts the lines of a file that equal LINE, without their indentation and their leading "- ".
count_lines() { # FILE LINE
  sed 's/^ *\(- \)\?//' "$WORK/$1" | grep -cxF -- "$2"
}

expect_line() { # NAME FILE LINE
  [ "$(count_lines "$2" "$3")" -gt 0 ]
  record_result "$1" $? "  $2 has no line: $3"
}
expect_no_line() { # NAME FILE LINE
  [ "$(count_lines "$2" "$3")" = 0 ]
  record_result "$1" $? "  $2 has the line: $3"
}
expect_line_count() { # NAME FILE LINE NUMBER
  [ "$(count_lines "$2" "$3")" = "$4" ]
  record_result "$1" $? "  $2 does not have $4 times the line: $3"
}

# Helm must fail with these settings, and its error must have WORD, which names the invalid value.
expect_rejection() { # NAME WORD SETTING...
  local name=$1 word=$2
  shift 2
  if render "${@/#/--set=}" >/dev/null; then
    record_result "$name" 1 "  Helm accepts: $*"
  else
    grep -qF -- "$word" "$WORK/stderr"
    record_result "$name" $? "  the error does not name $word: $(tail -n 5 "$WORK/stderr")"
  fi
}

# Writes the manifests for these settings into FILE.
expect_rendered() { # FILE SETTING...
  local file=$1
  shift
  render "${@/#/--set=}" >"$WORK/$file"
  record_result "renders with: ${*:-defaults}" $? "$(cat "$WORK/stderr")"
}

test_lint_and_metadata() {
  "$HELM" lint --strict "$CHARTS/lastgood" >"$WORK/lint" 2>&1
  record_result "passes helm lint --strict" $? "$(cat "$WORK/lint")"
  local version
  version=$(cat "$PROJECT/VERSION")
  cp "$CHARTS/lastgood/Chart.yaml" "$WORK/chart"
  expect_line "has the project's version as version" chart "version: $version"
  expect_line "has the project's version as appVersion" chart "appVersion: \"$version\""
  awk '/^- apiGroups/ && previous !~ /^#/ { bad = 1 } { previous = $0 } END { exit bad }' \
    "$CHARTS/lastgood/templates/_rules.tpl"
  record_result "has a comment before each RBAC rule" $?
}

test_defaults() {
  expect_rendered defaults
  expect_line "runs the image of the chart's version" defaults \
    "image: \"lastgood.dev/lastgood-controller:$(cat "$PROJECT/VERSION")\""
  expect_line "does not run as root" defaults "runAsNonRoot: true"
  expect_line "has the seccomp profile of the Pod Security Standard 'restricted'" defaults \
    "type: RuntimeDefault"
  expect_line "does not allow privilege escalation" defaults "allowPrivilegeEscalation: false"
  expect_line "drops all capabilities" defaults "drop: [ALL]"
  expect_line "has a read-only root file system" defaults "readOnlyRootFilesystem: true"
  expect_line "does not guard the controller itself" defaults 'lastgood.dev/enabled: "false"'
  expect_line "has a disruption budget for two replicas" defaults "kind: PodDisruptionBudget"
  expect_line "has a priority level for the Lease" defaults "kind: FlowSchema"
  expect_line "binds a ClusterRole when all namespaces are watched" defaults \
    "kind: ClusterRoleBinding"
  expect_no_line "does not allow the controller to read Secrets" defaults "resources: [secrets]"
  ! grep -q '"\*"\|\[\*\]' "$WORK/defaults"
  record_result "has no wildcard in a permission" $?
}

test_namespaces() {
  expect_rendered two_namespaces watch.namespaces='{shop,pay}'
  expect_no_line "has no FlowSchema for two namespaces" two_namespaces "kind: FlowSchema"
  expect_line "passes the chosen namespaces to the controller" two_namespaces \
    "--namespaces=shop,pay"
  expect_line "has a Role in the first chosen namespace" two_namespaces 'namespace: "shop"'
  expect_line "has a Role in the second chosen namespace" two_namespaces 'namespace: "pay"'
  expect_no_line "grants nothing outside the chosen namespaces" two_namespaces \
    "kind: ClusterRoleBinding"
}

test_shared_cause() {
  expect_line "passes sharedCause.deployments to the controller" defaults \
    "--shared-cause-deployments=2"
  expect_line "passes sharedCause.percent to the controller" defaults "--shared-cause-percent=1"
  expect_rendered other_shared_cause sharedCause.deployments=0 sharedCause.percent=100
  expect_line "passes a sharedCause.deployments of 0 to the controller" other_shared_cause \
    "--shared-cause-deployments=0"
  expect_line "passes a sharedCause.percent of 100 to the controller" other_shared_cause \
    "--shared-cause-percent=100"
}

test_prometheus() {
  expect_no_line "passes no Prometheus address to the controller by default" defaults \
    "--prometheus-address="
  expect_rendered with_prometheus prometheus.address=http://prometheus.monitoring:9090
  expect_line "passes prometheus.address to the controller" with_prometheus \
    "--prometheus-address=http://prometheus.monitoring:9090"
}

test_prometheus_credentials() {
  expect_no_line "mounts no credentials by default" defaults "volumes:"
  expect_rendered with_credentials prometheus.address=http://prometheus.monitoring:9090 \
    prometheus.credentialsSecret=prometheus-login
  expect_line "passes the folder of the credentials to the controller" with_credentials \
    "--prometheus-credentials=/etc/lastgood/prometheus-credentials"
  expect_line "mounts the folder of the credentials" with_credentials \
    "mountPath: /etc/lastgood/prometheus-credentials"
  expect_line "mounts the Secret of prometheus.credentialsSecret" with_credentials \
    'secretName: "prometheus-login"'
  expect_line "starts without the Secret of prometheus.credentialsSecret" with_credentials \
    "optional: true"
  expect_no_line "does not allow reading all Secrets for the mounted one" with_credentials \
    "resources: [secrets]"
}

test_external_metrics() {
  expect_no_line "does not allow the controller to read external metrics" defaults \
    "apiGroups: [external.metrics.k8s.io]"
  expect_rendered with_external_metrics externalMetrics.enabled=true
  expect_line_count "allows the controller to read external metrics" with_external_metrics \
    "apiGroups: [external.metrics.k8s.io]" 1
  expect_rendered external_metrics_of_namespaces externalMetrics.enabled=true \
    watch.namespaces='{shop,pay}'
  expect_line_count "allows external metrics in each chosen namespace" \
    external_metrics_of_namespaces "apiGroups: [external.metrics.k8s.io]" 2
}

test_prometheus_rules() {
  expect_line_count "allows the controller to get PrometheusRules" defaults \
    "apiGroups: [monitoring.coreos.com]" 1
  expect_rendered without_rules prometheusRules.enabled=false
  expect_no_line "does not allow it with prometheusRules.enabled=false" without_rules \
    "apiGroups: [monitoring.coreos.com]"
}

test_alert_receiver() {
  expect_no_line "receives no alerts by default" defaults "--alerts-listen"
  expect_rendered with_alerts alertReceiver.enabled=true alertReceiver.tokenSecret=alerts
  expect_line "passes the port of the receiver to the controller" with_alerts \
    "--alerts-listen=0.0.0.0:9094"
  expect_line "passes the file of the token to the controller" with_alerts \
    "--alerts-token-file=/etc/lastgood/alerts/token"
  expect_line "mounts the Secret of the token" with_alerts 'secretName: "alerts"'
  expect_line "has the port of the receiver in the Service" with_alerts "targetPort: alerts"
}

test_breaker() {
  expect_line "passes breaker.rollbacks to the controller" defaults "--breaker-rollbacks=5"
  expect_line "passes breaker.percent to the controller" defaults "--breaker-percent=10"
  expect_line "passes breaker.within to the controller" defaults "--breaker-within=5m"
  expect_rendered other_breaker breaker.rollbacks=100000 breaker.percent=0 breaker.within=24h
  expect_line "writes large numbers without an exponent" other_breaker "--breaker-rollbacks=100000"
  expect_line "passes a breaker.percent of 0 to the controller" other_breaker "--breaker-percent=0"
  expect_line "passes the longest breaker.within to the controller" other_breaker \
    "--breaker-within=24h"
}

test_secrets() {
  expect_no_line "does not pass rbac.readSecrets to the controller by default" defaults \
    "--read-secrets"
  expect_rendered with_secrets rbac.readSecrets=true
  expect_line_count "allows the controller to read Secrets with rbac.readSecrets" with_secrets \
    "resources: [secrets]" 1
  expect_line "passes rbac.readSecrets to the controller" with_secrets "--read-secrets"
  expect_rendered secrets_of_two_namespaces rbac.readSecrets=true watch.namespaces='{shop,pay}'
  expect_line_count "allows the controller to read Secrets in each chosen namespace" \
    secrets_of_two_namespaces "resources: [secrets]" 2
}

# Writes the text of NOTES.txt into FILE. Only `helm install` prints this text.
print_notes() { # FILE SETTING...
  local file=$1
  shift
  "$HELM" install lastgood "$CHARTS/lastgood" --namespace lastgood-system --dry-run=client \
    "${@/#/--set=}" >"$WORK/$file" 2>"$WORK/stderr"
  record_result "prints notes with: ${*:-defaults}" $? "$(cat "$WORK/stderr")"
}

test_notes() {
  local paused breaker states
  paused="Lastgood is paused, because replicas=0: it evaluates nothing and rolls nothing back."
  breaker="The breaker is disabled, because breaker.rollbacks=0: many rollbacks at the same time"
  breaker+=" are allowed."
  states="3. List the states of all guarded Deployments, and whether a rollback would work"
  print_notes default_notes
  expect_no_line "does not say that Lastgood is paused when it has replicas" default_notes "$paused"
  expect_no_line "does not say that the breaker is disabled when it is enabled" default_notes \
    "$breaker"
  expect_line "notes that Secrets are not checked" default_notes \
    "$states (Secrets are not checked: rbac.readSecrets=false):"
  print_notes other_notes breaker.rollbacks=0 rbac.readSecrets=true replicas=0
  expect_line "notes that Lastgood is paused" other_notes "$paused"
  expect_line "notes that the breaker is disabled" other_notes "$breaker"
  expect_line "does not mention Secrets that are checked" other_notes "$states:"
}

# These roles are for users, not for the controller.
test_user_roles() {
  expect_line "lets users with the role 'edit' create Rollbacks" defaults "resources: [rollbacks]"
  expect_line "lets users with the role 'admin' end a freeze" defaults \
    "resources: [deploymentguards/status]"
  expect_rendered without_user_roles rbac.aggregateToUserRoles=false
  expect_no_line "does not change the roles of users" without_user_roles \
    "resources: [deploymentguards/status]"
}

test_replicas() {
  expect_rendered one_replica replicas=1
  expect_no_line "has no disruption budget for one replica" one_replica "kind: PodDisruptionBudget"
  expect_rendered no_replicas replicas=0
  expect_line "has a Deployment with 0 replicas for replicas=0" no_replicas "replicas: 0"
}

test_crds() {
  local crds
  crds=$(find "$PROJECT/crds" -name '*.yaml' | wc -l)
  expect_line_count "has all CRDs of the project" defaults "kind: CustomResourceDefinition" "$crds"
  expect_line_count "keeps the CRDs on uninstall" defaults "helm.sh/resource-policy: keep" "$crds"
  # Server-side apply rejects null values.
  ! grep -q ': null$' "$WORK/defaults"
  record_result "has no null value" $?
  expect_rendered crds_not_kept crds.keep=false
  expect_no_line "removes the CRDs on uninstall without crds.keep" crds_not_kept \
    "helm.sh/resource-policy: keep"
  expect_rendered without_crds crds.install=false
  expect_no_line "has no CRDs without crds.install" without_crds "kind: CustomResourceDefinition"
  "$HELM" package "$CHARTS/lastgood" --destination "$WORK" >/dev/null 2>"$WORK/stderr" &&
    "$HELM" template lastgood "$WORK"/lastgood-*.tgz >"$WORK/packaged" 2>"$WORK/stderr"
  record_result "can be packaged" $? "$(cat "$WORK/stderr")"
  expect_line_count "has all CRDs in the package" packaged "kind: CustomResourceDefinition" "$crds"
}

test_rejections() {
  expect_rejection "rejects an unknown value" imagge imagge.tag=1.0
  expect_rejection "rejects an unknown nested value" pullpolicy image.pullpolicy=Never
  expect_rejection "rejects a negative number of replicas" replicas replicas=-1
  expect_rejection "rejects a number of replicas in words" replicas replicas=two
  expect_rejection "rejects too many replicas" replicas replicas=50
  expect_rejection "rejects an unknown log level" log log.level=loud
  expect_rejection "rejects an unknown log format" log log.format=xml
  expect_rejection "rejects an invalid namespace" watch watch.namespaces='{Shop}'
  expect_rejection "rejects a duplicate namespace" watch watch.namespaces='{shop,shop}'
  expect_rejection "rejects a namespace that is not in a list" watch watch.namespaces=shop
  expect_rejection "rejects an unknown pull policy" image image.pullPolicy=Sometimes
  expect_rejection "rejects an image without a repository" image image.repository=
  expect_rejection "rejects an invalid quantity" resources resources.limits.memory=lots
  expect_rejection "rejects crds.keep that is not a boolean" crds crds.keep=maybe
  expect_rejection "rejects breaker.rollbacks in words" breaker breaker.rollbacks=many
  expect_rejection "rejects negative breaker.rollbacks" breaker breaker.rollbacks=-1
  expect_rejection "rejects breaker.rollbacks that is too large" breaker breaker.rollbacks=100001
  expect_rejection "rejects breaker.percent above 100" breaker breaker.percent=101
  expect_rejection "rejects breaker.percent with a fraction" breaker breaker.percent=2.5
  expect_rejection "rejects negative sharedCause.deployments" sharedCause sharedCause.deployments=-1
  expect_rejection "rejects sharedCause.percent above 100" sharedCause sharedCause.percent=101
  expect_rejection "rejects a prometheus.address without a scheme" prometheus \
    prometheus.address=prometheus:9090
  expect_rejection "rejects a name of a Secret that is not valid" credentialsSecret \
    prometheus.address=http://p prometheus.credentialsSecret=My_Secret
  expect_rejection "rejects credentials without a server" prometheus.address \
    prometheus.credentialsSecret=login
  expect_rejection "rejects externalMetrics.enabled that is not a boolean" externalMetrics \
    externalMetrics.enabled=perhaps
  expect_rejection "rejects a receiver without a token" tokenSecret alertReceiver.enabled=true
  expect_rejection "rejects the port of the receiver that has the metrics" alertReceiver \
    alertReceiver.port=8080
  expect_rejection "rejects an unknown key under breaker" rollback breaker.rollback=3
  local within
  for within in 0s 5 5x 1h30m 25h 86401s 1441m -5m 500ms; do
    expect_rejection "rejects breaker.within of $within" breaker "breaker.within=$within"
  done
  expect_rejection "rejects rbac.readSecrets that is not a boolean" rbac rbac.readSecrets=perhaps
  expect_rejection "rejects an unknown field of a toleration" tolerations \
    'tolerations[0].effekt=NoSchedule'
}

test_lint_and_metadata
test_defaults
test_namespaces
test_breaker
test_shared_cause
test_prometheus
test_prometheus_credentials
test_external_metrics
test_prometheus_rules
test_alert_receiver
test_secrets
test_user_roles
test_notes
test_replicas
test_crds
test_rejections
printf 'chart: %d checks passed, %d failed\n' "$PASSED" "$FAILED"
[ "$FAILED" = 0 ]
