# shellcheck shell=bash
# ./dev states: writes the output of kubectl on a real cluster into docs/states.md and README.md.
# Four Deployments reach the four states of docs/states.md. Then the commands in both pages run
# again.

STATES_NAMESPACE=shop

# shellcheck disable=SC2034 # keep, DEMO_UNDO and DEMO_KUBE are read by the functions of demo.sh
verb_states() {
  [ $# -eq 0 ] || die "./dev states takes no arguments."
  local keep='' kubeconfig
  demo_prepare
  DEMO_UNDO=()
  trap demo_undo EXIT
  demo_local_cluster
  DEMO_KUBE=(--kubeconfig "$kubeconfig")
  demo_install '' ''
  step "bringing four Deployments into the states of docs/states.md"
  quietly states_reach || die "The Deployments did not reach the states of the page."
  done_step
  step "printing docs/states.md and README.md"
  states_print || die "A command of the pages failed."
  done_step
  quietly states_kubectl delete namespace "$STATES_NAMESPACE"
  demo_undo
}

states_kubectl() { demo_kubectl --namespace "$STATES_NAMESPACE" "$@"; }

# states_deployment NAME ANNOTATIONS VERSION VARIABLE=VALUE: prints a Deployment of the demo
# application with this environment variable. If STATES_DEPENDENCY is set to a URL, the application
# fails while the URL fails.
states_deployment() {
  local variable=$4
  cat <<YAML
apiVersion: apps/v1
kind: Deployment
metadata: {name: $1, annotations: {$2}}
spec:
  replicas: 2
  selector: {matchLabels: {app: $1}}
  template:
    metadata: {labels: {app: $1}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: app
        image: lastgood.dev/demo-app:dev
        env:
        - {name: VERSION, value: $3}
        - {name: "${variable%%=*}", value: "${variable#*=}"}
        - {name: DEPENDENCY, value: "${STATES_DEPENDENCY:-}"}
        readinessProbe: {httpGet: {path: /ready, port: 8080}, periodSeconds: 1}
YAML
}

states_apply() { states_deployment "$@" | states_kubectl apply -f -; }

# states_wait NAME STATE REASON: waits until the DeploymentGuard has this state and this reason.
states_wait() {
  local condition
  for condition in create "jsonpath={.status.state}=$2" "jsonpath={.status.reason}=$3"; do
    states_kubectl wait "deploymentguard/$1" --for "$condition" --timeout 90s || return 1
  done
}

states_reach() {
  local web='lastgood.dev/policy: web' address
  states_kubectl delete namespace "$STATES_NAMESPACE" --ignore-not-found &&
    demo_kubectl create namespace "$STATES_NAMESPACE" &&
    states_kubectl apply -f "$ROOT/tools/dev/states.yaml" || return 1
  address=$(states_kubectl get service database -o 'jsonpath={.spec.clusterIP}')
  states_apply database '' v1 READY=ok &&
    states_kubectl rollout status deployment/database --timeout 60s || return 1
  # Only the Deployment cart needs the database.
  STATES_DEPENDENCY=http://$address:8080/health states_apply cart "$web" v1 READY=ok &&
    states_apply web "$web" v1 READY=ok &&
    states_apply checkout "$web" v1 READY=ok &&
    states_apply search 'lastgood.dev/policy: wbe' v1 READY=ok || return 1
  local name
  for name in cart web checkout; do states_wait $name Idle Good || return 1; done
  states_apply web "$web" v2 HEALTH=fail && states_apply checkout "$web" v2 HEALTH=fail &&
    STATES_DEPENDENCY=http://$address:8080/health states_apply cart "$web" v2 READY=fail &&
    states_wait web Idle RolledBack && states_wait checkout Idle RolledBack &&
    states_wait cart Evaluating RollingOut || return 1
  states_stop_database
  states_apply checkout "$web" v3 HEALTH=fail && states_wait checkout Frozen LimitReached &&
    states_wait cart Held SharedCause
}

# The pods of the database keep running, but /health of each pod returns an error.
states_stop_database() {
  local address
  for address in $(states_kubectl get pods -l app=database \
    -o 'jsonpath={.items[*].status.podIP}'); do
    curl --silent --fail --max-time 5 --request POST "http://$address:8081/set?HEALTH=fail"
  done
}

# The commands in the pages have no --namespace, so a copy of the kubeconfig sets the namespace.
states_print() {
  local copy
  copy=$(mktemp)
  cp "$kubeconfig" "$copy"
  KUBECONFIG=$copy "$DEMO_BIN/kubectl" config set-context --current \
    --namespace "$STATES_NAMESPACE" >/dev/null
  KUBECONFIG=$copy PATH=$DEMO_BIN:$PATH \
    python3 -B "$ROOT/tools/dev/print_commands.py" "$ROOT/docs/states.md" "$ROOT/README.md"
  local code=$?
  rm -f "$copy"
  return $code
}
