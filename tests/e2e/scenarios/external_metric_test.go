// Releases that are evaluated by a metric of the API of external metrics.
package scenarios

import (
	"testing"
	"time"

	"lastgood.dev/tests/e2e/internal/monitoring"
	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

const externalMetricPolicy = `
bakeTime: 20s
minimumBake: 2s
checks:
- name: queue
  interval: 1s
  failureThreshold: 2
  externalMetric: {metric: queue_depth, matchLabels: {queue: web}, failIf: "> 100"}
rollback: {verifyFor: 2s, cooldown: 0s}
`

func queue(depth string) monitoring.ExternalMetric {
	return monitoring.ExternalMetric{Value: depth, Labels: map[string]string{"queue": "web"}}
}

// Only one scenario of the cluster can have the adapter, so one scenario has all steps.
func TestEvaluatesReleasesByAnExternalMetric(t *testing.T) {
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1").Guarded("web")
	// The bake is long, so that v2, which has no result yet, does not end as Inconclusive meanwhile.
	longBake := bakingFor(externalMetricPolicy, "5m")
	s.Given().Policy("web", longBake).Running(v1)
	s.When().Applied(v1.As("v2"))
	s.Then().CheckIs("web", "queue", "Unknown", "AccessDenied").
		CheckMentions("web", "queue", "externalMetrics.enabled")
	s.ControllerMay("external.metrics.k8s.io", "*", "list")
	s.Then().CheckIs("web", "queue", "Unknown", "MetricsApiMissing").
		CheckMentions("web", "queue", "adapter")

	adapter := s.Given().ExternalMetrics()
	s.Then().CheckIs("web", "queue", "Unknown", "MetricNotFound")
	adapter.Set(s.Namespace, "queue_depth")
	s.Then().CheckIs("web", "queue", "Unknown", "NoData")
	adapter.Set(s.Namespace, "queue_depth", queue("5"), queue("6"))
	s.Then().CheckIs("web", "queue", "Unknown", "MultipleSeries")
	old := queue("5")
	old.Age = time.Hour
	adapter.Set(s.Namespace, "queue_depth", old)
	s.Then().CheckIs("web", "queue", "Unknown", "StaleValue")
	s.Then().HasNoControllerWrites("web").HasRollbackObjects("web", 0)

	adapter.Set(s.Namespace, "queue_depth", queue("1500m"))
	s.Then().CheckIs("web", "queue", "Pass", "Passed").CheckMentions("web", "queue", "1.5")
	v3 := v1.As("v3")
	s.When().Policy("web", externalMetricPolicy).Applied(v3)
	s.Then().IsGood(v3).HasCondition("web", "ChecksEstablished", "True", "Passed")

	v4 := v1.As("v4").Edit(scenario.SchedulingGate)
	s.When().Policy("web", longBake).Applied(v4)
	s.Then().BaselinePassedBeforeRelease("web", "queue")
	s.When().Scheduled("web").Available("web")
	s.Then().CheckIs("web", "queue", "Pass", "Passed")
	adapter.Set(s.Namespace, "queue_depth", queue("1k"))
	s.Then().IsRestored(v3).CausedByCheck("web", "queue", "LimitExceeded")
	adapter.Set(s.Namespace, "queue_depth", queue("5"))
	s.Then().IsRestoredAndVerified(v3)

	// The queue is too long before the next release.
	adapter.Set(s.Namespace, "queue_depth", queue("2k"))
	s.When().Applied(v1.As("v5").Edit(scenario.SchedulingGate))
	s.Then().BaselineFailedBeforeRelease("web", "queue")
	s.When().Scheduled("web").Available("web")
	s.Then().IsHeld("web", "AlreadyFailing", "queue", "> 100").HasRollbackObjects("web", 1)
}
