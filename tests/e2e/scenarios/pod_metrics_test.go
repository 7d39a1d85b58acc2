// Releases that are evaluated by the metrics pages of their pods. There is no metrics server. The
// health endpoints always pass.
package scenarios

import (
	"testing"

	apps "k8s.io/api/apps/v1"

	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

const podErrorsPolicy = `
bakeTime: 20s
checks:
- name: errors
  interval: 2s
  failureThreshold: 2
  podMetrics: {}
rollback: {verifyFor: 2s, cooldown: 0s}
`

const podLatencyPolicy = `
bakeTime: 10s
checks:
- name: latency
  interval: 2s
  failureThreshold: 2
  podMetrics:
    port: 8080
    latency: {histogram: http_request_duration_seconds, quantile: 0.9}
    failIf: "> 0.2"
rollback: {verifyFor: 2s, cooldown: 0s}
`

const podComparePolicy = `
bakeTime: 20s
checks:
- name: errors
  interval: 2s
  failureThreshold: 2
  podMetrics: {failIf: "> 0.05", compareWith: Baseline, ratioAbove: 2, andAbove: 0.01}
rollback: {verifyFor: 2s, cooldown: 0s}
`

// keepsOldPods is an edit: the old pods stay until the new pods have been ready for 20 s. The old
// pods must also have been ready for 20 s before: pods that are not available are removed first.
func keepsOldPods(d *apps.Deployment) { d.Spec.MinReadySeconds = 20 }

// scrapedUnderLoad has a good revision v1 whose pods have the annotation of Prometheus and get
// requests.
func scrapedUnderLoad(t *testing.T, policy string) (*scenario.Scenario, scenario.App) {
	t.Helper()
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1").Guarded("web").Edit(scenario.Replicas(2)).
		Edit(scenario.TemplateAnnotated("prometheus.io/port", "8080"))
	s.Given().Policy("web", policy).Running(v1)
	s.When().LoadStarted("web", 100)
	s.Then().IsGood(v1).HasCondition("web", "ChecksEstablished", "True", "Passed")
	return s, v1
}

func TestRollsBackWhenThePodsReportAHighErrorRatio(t *testing.T) {
	s, v1 := scrapedUnderLoad(t, podErrorsPolicy)
	s.When().Applied(v1.As("v2").Env("ERROR_RATIO", "0.2"))
	s.Then().IsRestoredAndVerified(v1).CausedByCheck("web", "errors", "LimitExceeded").
		HasEvent("web", "RolledBack", "errors", "requests of", "fails if > 0.05").
		TemplateChangedBy("web", "user", "lastgood")
}

func TestRollsBackWhenThePodsReportAHighLatency(t *testing.T) {
	s, v1 := scrapedUnderLoad(t, podLatencyPolicy)
	s.When().Applied(v1.As("v2").Env("LATENCY", "0.4"))
	s.Then().IsRestoredAndVerified(v1).CausedByCheck("web", "latency", "LimitExceeded").
		HasEvent("web", "RolledBack", "latency", "quantile 0.9", "fails if > 0.2")
}

func TestRollsBackWhenTheNewPodsReportMoreErrorsThanTheOldOnes(t *testing.T) {
	s, v1 := scrapedUnderLoad(t, podComparePolicy)
	s.When().Applied(v1.As("v2").Env("ERROR_RATIO", "0.2").Edit(keepsOldPods))
	s.Then().IsRestored(v1).CausedByCheck("web", "errors", "LimitExceeded")
}

func TestHoldsWhenTheOldPodsReportTheSameErrorRatio(t *testing.T) {
	s, v1 := scrapedUnderLoad(t, podErrorsPolicy)
	s.When().Applied(v1.As("v2").Edit(keepsOldPods))
	s.Then().StateIs("web", "Evaluating", "RollingOut").CheckIs("web", "errors", "Pass", "Passed")
	s.When().SetInRunningPods("web", "ERROR_RATIO=0.3")
	s.Then().IsHeld("web", "SharedCause", "errors", "old pods 0.", "revision 1").
		HasNoControllerWrites("web").HasRollbackObjects("web", 0)
}

// The counters of the old pods have many errors from the past. Those of the new pods begin at 0.
func TestKeepsAGoodReleaseWhenTheCountersBeginAgain(t *testing.T) {
	s, v1 := scrapedUnderLoad(t, podErrorsPolicy)
	s.When().SetInRunningPods("web", "ERROR_RATIO=0.9")
	s.Then().LoadHasResponses(s.When().LoadStarted("web", 50), 500, 50)
	s.When().SetInRunningPods("web", "ERROR_RATIO=0")
	v2 := v1.As("v2")
	s.When().Applied(v2)
	s.Then().IsGood(v2).HasNoControllerWrites("web").HasRollbackObjects("web", 0)
}

func TestDoesNothingWhenTheMetricsOfThePodsCannotBeScraped(t *testing.T) {
	s, v1 := scrapedUnderLoad(t, podErrorsPolicy)
	v2 := v1.As("v2").Env("ERROR_RATIO", "0.9").
		Edit(scenario.TemplateAnnotated("prometheus.io/path", "/nothing"))
	s.When().Applied(v2).Available("web")
	s.Then().CheckIs("web", "errors", "Unknown", "EndpointFailed").
		CheckMentions("web", "errors", "404")
	s.Then().StateIs("web", "Idle", "Inconclusive").HasNoControllerWrites("web").
		HasRollbackObjects("web", 0)
}
