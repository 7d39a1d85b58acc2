// What Lastgood tells about its work: metrics, one Event a fact, and a policy's own status.
package scenarios

import (
	"testing"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"

	"lastgood.dev/tests/e2e/scenarios/internal/story"
)

func TestARollbackIsCountedTimedAndToldOnce(t *testing.T) {
	s := story.New(t)
	v1 := story.NewApp("web", "v1").Guarded("web")
	s.Given().Policy("web", quick).Good(v1)
	succeeded, timed := s.Metric("lastgood_rollbacks_total", `outcome="Succeeded"`), s.Metric("lastgood_decision_to_patch_seconds_count")
	s.When().Shipped(v1.As("v2").Env("HEALTH", "fail"))
	s.Then().IsPutBackAndVerified(v1).
		FactsAre("web", "ReleaseSeen", "ReleaseGood", "ReleaseSeen", "CheckFailing", "CheckBreached", "RollbackStarted", "RolledBack", "RollbackVerified").
		EventSays("web", "CheckFailing", "health", "answered 500, expected 200", "failure 1 of 2").
		EventSays("web", "CheckBreached", "health", "failures in a row: 2, threshold 2").
		EventSays("web", "RollbackStarted", "revision 2", "is put back to revision 1", "check health is breached (WrongStatus)").
		MetricIsAtLeast("lastgood_rollbacks_total", succeeded+1, `outcome="Succeeded"`).
		MetricIsAtLeast("lastgood_decision_to_patch_seconds_count", timed+1).
		MetricIsAtLeast("lastgood_leader", 1).PolicyGuards("web", 1)
}

// Deployments that were shipped more than once, so that their generation is not by chance that of their guard.
func TestToolsThatKnowOnlyConditionsUnderstandOurs(t *testing.T) {
	s := story.New(t)
	v1 := story.NewApp("web", "v1").Guarded("web")
	s.Given().Policy("web", quick).Good(v1)
	s.Then().StandsAs("rollbackpolicies", "web", status.CurrentStatus).StandsAs("deploymentguards", "web", status.CurrentStatus)
	s.When().Annotated("web", pauseKey, "2099-01-01T00:00:00Z").Shipped(v1.As("v2").Env("HEALTH", "fail"))
	s.Then().StandsAs("deploymentguards", "web", status.InProgressStatus).Holds("web", "PausedUntil").
		StandsAs("deploymentguards", "web", status.FailedStatus)
	s.When().AsksForRollback("no-such-revision", "{deployment: web, toRevision: 99}")
	s.Then().StandsAs("rollbacks", "no-such-revision", status.FailedStatus)
	s.When().Annotated("web", pauseKey, "")
	s.Then().IsPutBackAndVerified(v1)
	s.Then().StandsAs("deploymentguards", "web", status.CurrentStatus).
		StandsAs("rollbacks", s.Then().Rolledback("web").Metadata.Name, status.CurrentStatus)
}
