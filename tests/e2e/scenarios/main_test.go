// Package scenarios tests what users of Lastgood see, on a real Kubernetes with running pods.
//
// The tests with their own controllers, for example those of controller_test.go, run first, because
// they do not call t.Parallel. All other tests run in parallel under the controller in the cluster.
// Each scenario has its own namespace.
package scenarios

import (
	"os"
	"strings"
	"testing"

	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

func TestMain(m *testing.M) { os.Exit(scenario.Main(m)) }

// quickPolicy evaluates in seconds: a release is good 3 s after the rollout and breached at the
// second consecutive failure. There is no cooldown.
const quickPolicy = `
bakeTime: 3s
checks:
- name: health
  http: {port: 8080, path: /health, expectedStatus: "200", timeout: 500ms}
  interval: 1s
  failureThreshold: 2
rollback: {verifyFor: 2s, cooldown: 0s}
`

// noStartupGrace makes the checks count for pods that have never been ready.
const noStartupGrace = "startupGrace: 0s"

// longBakePolicy is quickPolicy with a bake that is longer than any scenario.
const longBakePolicy = `
bakeTime: 10m
checks:
- name: health
  http: {port: 8080, path: /health, expectedStatus: "200", timeout: 500ms}
  interval: 1s
  failureThreshold: 2
rollback: {verifyFor: 2s, cooldown: 0s}
`

// firstFailureLongBake has a breach at the first failure, and a bake that is longer than any
// scenario.
const firstFailureLongBake = `
bakeTime: 10m
checks:
- name: health
  http: {port: 8080, path: /health, timeout: 2s}
  interval: 2s
  failureThreshold: 1
rollback: {verifyFor: 1s, cooldown: 0s, limit: {count: 20}}
`

// withLongTimeout returns quickPolicy or longBakePolicy with a timeout that a slow machine does not
// exceed. With the usual timeout of 500 ms, a slow response of a pod counts as a failure with the
// reason TimedOut. A scenario that expects each Event, or the reason of each failure, needs the
// long timeout.
func withLongTimeout(policy string) string {
	return strings.NewReplacer("timeout: 500ms", "timeout: 5s", "interval: 1s", "interval: 5s").
		Replace(policy)
}

// startUnderEvaluation starts the gated pods of a first revision when the controller evaluates it.
// A first revision that is complete when the controller first sees it is presumed good.
func startUnderEvaluation(s *scenario.Scenario, names ...string) {
	s.T.Helper()
	for _, name := range names {
		s.Then().StateIs(name, "Evaluating", "RollingOut")
		s.When().Scheduled(name)
	}
}

// presumedGood returns a scenario with its own controller, and its app "web", which is good.
func presumedGood(t *testing.T) (*scenario.Scenario, scenario.App) {
	t.Helper()
	s := scenario.NewWithOwnController(t)
	app := scenario.NewApp("web", "v1")
	s.Given().Policy("web", firstFailureLongBake).ControllerStarted().
		PresumedGoodUnder("web", app)
	return s, app
}
