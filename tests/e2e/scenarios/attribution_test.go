// Attribution: a failure that began before the release, or that the baseline has too, causes no
// rollback.
package scenarios

import (
	"context"
	"fmt"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

// urlOf returns the health URL of a Service. Its address is valid inside and outside the cluster.
func urlOf(s *scenario.Scenario, service string) string {
	s.T.Helper()
	services := s.Cluster.Typed.CoreV1().Services(s.Namespace)
	found, err := services.Get(context.Background(), service, metav1.GetOptions{})
	if err != nil {
		s.T.Fatal(err)
	}
	return fmt.Sprintf("http://%s:8080/health", found.Spec.ClusterIP)
}

// The policy probes a dependency that fails before the release.
//
//	shared   ok   fails ------------------ ok
//	web      v1        v2 AlreadyFailing   v2 good
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
`, urlOf(s, "shared"))).Good(v1, twin)
	v2 := v1.As("v2").Edit(scenario.SchedulingGate)
	s.When().KnobSet("HEALTH=fail", "shared").Applied(v2, twin.As("v2").Env("HEALTH", "fail"))
	s.Then().BaselineFailedBefore("web", "shared")
	s.When().Scheduled("web")
	s.Then().IsHeld("web", "AlreadyFailing", "shared", "revision 1", "500").
		IsRolledBackAndVerified(twin).
		StateIs("web", "Held", "AlreadyFailing").
		IsUntouched("web").TemplateChangedBy("web", "user")
	s.When().KnobSet("HEALTH=ok", "shared")
	s.Then().IsGood(v2).HasEvent("web", "BreachEnded").IsUntouched("web")
}

// The dependency fails before the release. Then the baseline recovers, and only the new revision
// still fails.
//
//	dependency   ok   fails ------------------------------------ fails for v2 only
//	v1           ok   fails, and stays                           ok
//	v2                never ready, breached: AlreadyFailing      breached: rolled back
func TestRollsBackWhenTheBaselineRecoversAndTheReleaseDoesNot(t *testing.T) {
	s := scenario.New(t)
	shared := scenario.NewApp("shared", "v1")
	s.Given().Running(shared).Service("shared", "shared").Policy("web", longPolicy)
	v1 := scenario.NewApp("web", "v1").
		Edit(scenario.ReadinessProbe("/ready")).Env("DEPENDENCY", urlOf(s, "shared"))
	s.Given().PresumedGood("web", v1)
	s.When().KnobSet("HEALTH=fail", "shared").
		Applied(v1.As("v2").Env("READY", "fail").Edit(scenario.SchedulingGate))
	s.Then().BaselineFailedBefore("web", "health")
	s.When().Scheduled("web")
	s.Then().IsHeld("web", "AlreadyFailing", "health", "revision 1", "503").
		HasRollbacksOfAnyKind("web", 0).IsUntouched("web").TemplateChangedBy("web", "user")
	s.When().KnobSetInVersion("DEPENDENCY=", v1)
	s.Then().IsRolledBackAndVerified(v1).CausedByCheck("web", "health", "WrongStatus").
		TemplateChangedBy("web", "user", "lastgood").
		EventsAre("web", "PresumedGood", "ReleaseSeen", "CheckFailing", "CheckBreached",
			"RollbackHeld", "RollbackStarted", "RolledBack", "RollbackVerified")
}

// The dependency of both revisions fails. Then it recovers for the old revision only.
//
//	dependency   ok                      fails -------------- fails for v2 only
//	v1           serves, and stays       fails                ok
//	v2           ok, but never ready     fails: SharedCause   fails: rolled back
func TestHoldsWhileTheCheckFailsForTheBaselineToo(t *testing.T) {
	s := scenario.New(t)
	shared := scenario.NewApp("shared", "v1")
	s.Given().Running(shared).Service("shared", "shared").Policy("web", longPolicy)
	v1 := scenario.NewApp("web", "v1").
		Edit(scenario.ReadinessProbe("/ready")).Env("DEPENDENCY", urlOf(s, "shared"))
	s.Given().PresumedGood("web", v1)
	s.When().Applied(v1.As("v2").Env("READY", "fail"))
	s.Then().StateIs("web", "Evaluating", "RollingOut").CheckIs("web", "health", "Pass", "Passed")
	s.When().KnobSet("HEALTH=fail", "shared")
	s.Then().IsHeld("web", "SharedCause", "health", "revision 1", "503").
		IsUntouched("web").TemplateChangedBy("web", "user")
	baselineFails(s, "web")
	s.When().KnobSetInVersion("DEPENDENCY=", v1)
	s.Then().IsRolledBackAndVerified(v1).CausedByCheck("web", "health", "WrongStatus").
		TemplateChangedBy("web", "user", "lastgood")
	evidence := s.Then().LatestRollback("web").Status.Evidence
	if len(evidence) < 2 || evidence[1].Baseline == nil ||
		evidence[1].Baseline.Result != "Pass" {
		t.Errorf("the Rollback has no passing result of the baseline: %+v", evidence)
	}
}

func baselineFails(s *scenario.Scenario, name string) {
	s.T.Helper()
	guard, _ := s.Guard(context.Background(), name)
	baseline := guard.Check("health").Baseline
	if baseline == nil || baseline.Result != "Fail" || baseline.At == nil {
		s.T.Errorf("the guard has no failing result of the baseline with its time: %+v",
			guard.Status.Checks)
	}
}
