// Releases that are evaluated by queries to a real Prometheus. Their health endpoints always pass.
package scenarios

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"lastgood.dev/tests/e2e/internal/monitoring"
	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

// errorsOfRevision is the error ratio of the pods of one revision: the controller replaces $pods.
const errorsOfRevision = `(sum(rate(http_requests_total{namespace="$namespace",pod=~"$pods",` +
	`code=~"5.."}[5s])) or vector(0)) / ` +
	`sum(rate(http_requests_total{namespace="$namespace",pod=~"$pods"}[5s]))`

// errorsOfAll has no variable that tells revisions apart.
const errorsOfAll = `sum(rate(http_requests_total{namespace="$namespace",code=~"5.."}[5s])) / ` +
	`sum(rate(http_requests_total{namespace="$namespace"}[5s]))`

// metricsPolicy bakes for 20 s. A bake must be longer than Prometheus needs for the first value of
// new pods: it reads new targets within 5 s, and a rate needs two scrapes.
func metricsPolicy(server *scenario.Prometheus, query string) string {
	return fmt.Sprintf(`
bakeTime: 20s
checks:
- name: errors
  interval: 1s
  failureThreshold: 2
  prometheus:
    address: %s
    query: %q
    failIf: "> 0.05"
rollback: {verifyFor: 2s, cooldown: 0s}
`, server.URL(), query)
}

// bakingFor returns a policy with this bakeTime instead of 20s.
func bakingFor(policy, bakeTime string) string {
	return strings.Replace(policy, "bakeTime: 20s", "bakeTime: "+bakeTime, 1)
}

// goodUnderLoad has a good revision v1 that gets requests.
func goodUnderLoad(t *testing.T, query string) (*scenario.Scenario, *scenario.Prometheus,
	scenario.App) {
	t.Helper()
	return goodUnderLoadWith(t, query, monitoring.Options{})
}

func goodUnderLoadWith(t *testing.T, query string, options monitoring.Options) (
	*scenario.Scenario, *scenario.Prometheus, scenario.App) {
	t.Helper()
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1").Guarded("web").Edit(scenario.Replicas(2))
	server := s.Given().PrometheusWith(options)
	s.Given().Policy("web", metricsPolicy(server, query)).Running(v1)
	s.When().LoadStarted("web", 50)
	s.Then().IsGood(v1).HasCondition("web", "ChecksEstablished", "True", "Passed")
	return s, server, v1
}

func TestRollsBackWhenTheErrorRatioIsTooHigh(t *testing.T) {
	s, _, v1 := goodUnderLoad(t, errorsOfRevision)
	s.When().Applied(v1.As("v2").Env("ERROR_RATIO", "0.2"))
	s.Then().IsRestoredAndVerified(v1).CausedByCheck("web", "errors", "LimitExceeded").
		HasEvent("web", "RolledBack", "errors", "> 0.05").
		TemplateChangedBy("web", "user", "lastgood")
}

func TestRollsBackWithPrometheus3(t *testing.T) {
	rollBackWith(t, monitoring.Options{Program: monitoring.Program("prometheus3")})
}

func TestRollsBackWithVictoriaMetrics(t *testing.T) {
	rollBackWith(t, monitoring.Options{VictoriaMetrics: true})
}

func rollBackWith(t *testing.T, options monitoring.Options) {
	t.Helper()
	s, _, v1 := goodUnderLoadWith(t, errorsOfRevision, options)
	s.When().Applied(v1.As("v2").Env("ERROR_RATIO", "0.2"))
	s.Then().IsRestoredAndVerified(v1).CausedByCheck("web", "errors", "LimitExceeded")
}

func TestRollsBackWhenAQueryAboutAllPodsFailsOnlySinceTheRelease(t *testing.T) {
	s, _, v1 := goodUnderLoad(t, errorsOfAll)
	s.When().Applied(v1.As("v2").Env("ERROR_RATIO", "0.2"))
	s.Then().IsRestored(v1).CausedByCheck("web", "errors", "LimitExceeded")
}

func TestHoldsWhenTheErrorRatioWasTooHighBeforeTheRelease(t *testing.T) {
	holdWhatFailedBefore(t, errorsOfRevision)
}

func TestHoldsWhenAQueryAboutAllPodsFailedBeforeTheRelease(t *testing.T) {
	holdWhatFailedBefore(t, errorsOfAll)
}

func holdWhatFailedBefore(t *testing.T, query string) {
	t.Helper()
	s, server, v1 := goodUnderLoad(t, query)
	s.When().SetInRunningPods("web", "ERROR_RATIO=0.2")
	s.Then().QueryIs(server, errorRatio, 0.2, 0.05)
	s.When().Applied(v1.As("v2").Env("ERROR_RATIO", "0.2")).Available("web")
	s.Then().IsHeld("web", "AlreadyFailing", "errors", "> 0.05").
		HasNoControllerWrites("web").HasRollbackObjects("web", 0)
}

func TestDoesNothingWhilePrometheusIsDown(t *testing.T) {
	s, server, v1 := goodUnderLoad(t, errorsOfRevision)
	// The bake must not end as Inconclusive before the server has data again.
	s.When().Policy("web", bakingFor(metricsPolicy(server, errorsOfRevision), "5m"))
	server.Stop()
	s.When().Applied(v1.As("v2").Env("ERROR_RATIO", "0.5")).Available("web")
	s.Then().CheckIs("web", "errors", "Unknown", "ConnectionRefused")
	s.When().TimePassed(5 * time.Second)
	s.Then().StateIs("web", "Evaluating", "").HasNoControllerWrites("web")
	server.Start()
	s.Then().IsRestored(v1).CausedByCheck("web", "errors", "LimitExceeded")
}
