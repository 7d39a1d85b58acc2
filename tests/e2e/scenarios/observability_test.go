// Observability: metrics, Events, the status of a policy, and conditions that other tools read.
package scenarios

import (
	"testing"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"

	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

// Only this scenario increases the metrics of its own controller.
func TestARollbackIsCountedInMetricsAndHasEachEventOnce(t *testing.T) {
	const (
		rollbacks = "lastgood_rollbacks_total"
		latencies = "lastgood_decision_to_patch_seconds_count"
		succeeded = `outcome="Succeeded"`
	)
	s := scenario.NewWithOwnController(t)
	v1 := scenario.NewApp("web", "v1")
	s.Given().Policy("web", withLongTimeout(quickPolicy)).ControllerStarted()
	s.Then().PolicyGuardsDeployments("web", 0)
	s.Given().PresumedGoodUnder("web", v1)
	s.Then().MetricIs("leader_election_master_status", 1).
		MetricIs(rollbacks, 0).MetricIs(latencies, 0)
	s.When().Applied(v1.As("v2").Env("HEALTH", "fail"))
	s.Then().IsRestoredAndVerified(v1).
		EventsAre("web", "PresumedGood", "ReleaseSeen", "CheckFailing",
			"CheckBreached", "RollbackStarted", "RolledBack", "RollbackVerified").
		HasEvent("web", "CheckFailing", "health", "500", "200", "1 of 2").
		HasEvent("web", "CheckBreached", "health", "2 of 2").
		HasEvent("web", "RollbackStarted", "revision 2", "revision 1", "health", "WrongStatus").
		MetricIs(rollbacks, 1, succeeded).MetricIs(rollbacks, 1).MetricIs(latencies, 1).
		PolicyGuardsDeployments("web", 1)
}

// The observedGeneration in the conditions of a guard is that of the Deployment. kstatus must not
// compare it with the generation of the guard: after several releases the two numbers differ.
func TestConditionsGiveTheRightKstatus(t *testing.T) {
	const guards, rollbacks = "deploymentguards", "rollbacks"
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1").Guarded("web")
	s.Given().Policy("web", quickPolicy).Good(v1)
	s.Then().KstatusIs("rollbackpolicies", "web", status.CurrentStatus).
		KstatusIs(guards, "web", status.CurrentStatus)
	s.When().Annotated("web", pauseUntilKey, "2099-01-01T00:00:00Z").
		Applied(v1.As("v2").Env("HEALTH", "fail"))
	s.Then().KstatusIs(guards, "web", status.InProgressStatus).
		IsHeld("web", "PausedUntil").KstatusIs(guards, "web", status.FailedStatus)
	s.When().RollbackRequested("no-such-revision", "{deployment: web, toRevision: 99}")
	s.Then().KstatusIs(rollbacks, "no-such-revision", status.FailedStatus)
	s.When().Annotated("web", pauseUntilKey, "")
	s.Then().IsRestoredAndVerified(v1)
	name := s.Then().LatestRollback("web").Metadata.Name
	s.Then().KstatusIs(guards, "web", status.CurrentStatus).
		KstatusIs(rollbacks, name, status.CurrentStatus)
}
