// Attribution: a failure that began before the release, or that the baseline (the revision before)
// has too, causes no rollback.
package scenarios

import (
	"context"
	"fmt"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

// healthURLOf returns the health URL of a Service. Its host is the cluster IP. The test cluster
// runs on this machine, so a controller outside the cluster reaches the cluster IP as pods do.
func healthURLOf(s *scenario.Scenario, service string) string {
	s.T.Helper()
	services := s.Cluster.Typed.CoreV1().Services(s.Namespace)
	found, err := services.Get(context.Background(), service, metav1.GetOptions{})
	if err != nil {
		s.T.Fatal(err)
	}
	return fmt.Sprintf("http://%s:8080/health", found.Spec.ClusterIP)
}

// The policy of web probes the dependency "shared", which fails before the release v2. The
// Deployment "twin" is a control: its release is applied at the same time, fails by itself and is
// rolled back. The twin shows that the controller had the time to roll web back too.
//
//	shared   ok        fails                        ok
//	web      v1 good   v2 is held: AlreadyFailing   v2 becomes good
//	twin     v1 good   v2 is rolled back
func TestHoldsWhenTheCheckFailedBeforeTheRelease(t *testing.T) {
	s := scenario.New(t)
	shared := scenario.NewApp("shared", "v1")
	v1 := scenario.NewApp("web", "v1").Guarded("web")
	twin := v1.Named("twin").Guarded("twins")
	s.Given().Running(shared).Service("shared", "shared").Policy("twins", quickPolicy)
	s.Given().Policy("web", fmt.Sprintf(`
bakeTime: 3s
rollback: {cooldown: 0s}
checks:
- {name: shared, interval: 1s, failureThreshold: 2, http: {url: %q, timeout: 500ms}}
`, healthURLOf(s, "shared"))).Good(v1, twin)
	v2 := v1.As("v2").Edit(scenario.SchedulingGate)
	s.When().SetInRunningPods("shared", "HEALTH=fail").Applied(v2, twin.As("v2").Env("HEALTH", "fail"))
	s.Then().BaselineFailedBeforeRelease("web", "shared")
	s.When().Scheduled("web")
	s.Then().IsHeld("web", "AlreadyFailing", "shared", "revision 1", "500").
		IsRestoredAndVerified(twin).
		StateIs("web", "Held", "AlreadyFailing").
		HasNoControllerWrites("web").TemplateChangedBy("web", "user")
	s.When().SetInRunningPods("shared", "HEALTH=ok")
	s.Then().IsGood(v2).HasEvent("web", "BreachEnded").HasNoControllerWrites("web")
}

// The dependency fails before the release. Then the old revision no longer needs it and recovers,
// and only the new revision still fails.
//
//	dependency   ok   fails                                 only v2 needs it
//	v1           ok   fails, its pod still runs             passes
//	v2                never ready, breach: AlreadyFailing   rolled back
func TestRollsBackWhenTheBaselineRecoversAndTheReleaseDoesNot(t *testing.T) {
	s := scenario.New(t)
	shared := scenario.NewApp("shared", "v1")
	s.Given().Running(shared).Service("shared", "shared").
		Policy("web", noStartupGrace+withLongTimeout(longBakePolicy))
	v1 := scenario.NewApp("web", "v1").
		Edit(scenario.ReadinessProbe("/ready")).Env("DEPENDENCY", healthURLOf(s, "shared"))
	s.Given().PresumedGoodUnder("web", v1)
	s.When().SetInRunningPods("shared", "HEALTH=fail").
		Applied(v1.As("v2").Env("READY", "fail").Edit(scenario.SchedulingGate))
	s.Then().BaselineFailedBeforeRelease("web", "health")
	s.When().Scheduled("web")
	s.Then().IsHeld("web", "AlreadyFailing", "health", "revision 1", "503").
		HasRollbackObjects("web", 0).HasNoControllerWrites("web").TemplateChangedBy("web", "user")
	s.When().SetInPodsOfVersion(v1, "DEPENDENCY=")
	s.Then().IsRestoredAndVerified(v1).CausedByCheck("web", "health", "WrongStatus").
		TemplateChangedBy("web", "user", "lastgood").
		EventsAre("web", "PresumedGood", "ReleaseSeen", "CheckFailing", "CheckBreached",
			"RollbackHeld", "RollbackStarted", "RolledBack", "RollbackVerified")
}

// The dependency fails for both revisions. Then the old revision no longer needs it and recovers.
//
//	dependency   ok                    fails                  only v2 needs it
//	v1           ok                    fails, still runs      passes
//	v2           ok, but never ready   breach: SharedCause    rolled back
func TestHoldsWhileTheCheckFailsForTheBaselineToo(t *testing.T) {
	s := scenario.New(t)
	shared := scenario.NewApp("shared", "v1")
	s.Given().Running(shared).Service("shared", "shared").
		Policy("web", noStartupGrace+withLongTimeout(longBakePolicy))
	v1 := scenario.NewApp("web", "v1").
		Edit(scenario.ReadinessProbe("/ready")).Env("DEPENDENCY", healthURLOf(s, "shared"))
	s.Given().PresumedGoodUnder("web", v1)
	s.When().Applied(v1.As("v2").Env("READY", "fail"))
	s.Then().StateIs("web", "Evaluating", "RollingOut").CheckIs("web", "health", "Pass", "Passed")
	s.When().SetInRunningPods("shared", "HEALTH=fail")
	s.Then().IsHeld("web", "SharedCause", "health", "revision 1", "503").
		HasNoControllerWrites("web").TemplateChangedBy("web", "user")
	expectFailingBaseline(s, "web")
	s.When().SetInPodsOfVersion(v1, "DEPENDENCY=")
	s.Then().IsRestoredAndVerified(v1).CausedByCheck("web", "health", "WrongStatus").
		TemplateChangedBy("web", "user", "lastgood")
	evidence := s.Then().LatestRollback("web").Status.Evidence
	// The first check is rollout, the second is health.
	if len(evidence) < 2 || evidence[1].Baseline == nil ||
		evidence[1].Baseline.Result != "Pass" {
		t.Errorf("the Rollback has no passing result of the baseline: %+v", evidence)
	}
}

func expectFailingBaseline(s *scenario.Scenario, name string) {
	s.T.Helper()
	guard, _ := s.Guard(context.Background(), name)
	baseline := guard.Check("health").Baseline
	if baseline == nil || baseline.Result != "Fail" || baseline.At == nil {
		s.T.Errorf("the guard has no failing result of the baseline with its time: %+v",
			guard.Status.Checks)
	}
}
