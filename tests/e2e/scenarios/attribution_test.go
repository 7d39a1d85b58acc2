// Whose fault it is: what failed before the release, or fails just the same without it, is not put back.
package scenarios

import (
	"context"
	"fmt"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"lastgood.dev/tests/e2e/scenarios/internal/story"
)

// The address of a Service, which is the same for processes inside and outside the cluster.
func urlOf(s *story.Story, service string) string {
	s.T.Helper()
	found, err := s.Cluster.Typed.CoreV1().Services(s.Namespace).Get(context.Background(), service, metav1.GetOptions{})
	if err != nil {
		s.T.Fatal(err)
	}
	return fmt.Sprintf("http://%s:8080/health", found.Spec.ClusterIP)
}

// The dependency that the policy asks for has failed since before the release.
//
//	shared   ok   fails ------------------ ok
//	web      v1        v2 AlreadyFailing   v2 good
func TestACheckThatFailedBeforeTheReleaseIsNotItsFault(t *testing.T) {
	s := story.New(t)
	shared, v1 := story.NewApp("shared", "v1"), story.NewApp("web", "v1").Guarded("web")
	twin := v1.Named("twin").Guarded("twins")
	s.Given().Running(shared).Service("shared", "shared").Policy("twins", quick).Policy("web", fmt.Sprintf(
		`{bakeTime: 3s, rollback: {cooldown: 0s}, checks: [{name: shared, interval: 1s, failureThreshold: 2, http: {url: %q, timeout: 500ms}}]}`,
		urlOf(s, "shared"))).Good(v1, twin)
	s.When().TurnedTo("HEALTH=fail", "shared").Shipped(v1.As("v2")).Shipped(twin.As("v2").Env("HEALTH", "fail"))
	s.Then().Holds("web", "AlreadyFailing", "Check shared failed before the new revision had a pod", "revision 1", "answered 500").
		IsPutBackAndVerified(twin).StateIs("web", "Held", "AlreadyFailing").NothingWasDoneTo("web").TemplateChangedBy("web", "person")
	if guard, _ := s.ThisGuard(context.Background(), "web"); len(guard.Status.Checks) < 2 || guard.Status.Checks[1].Comparison == nil ||
		!guard.Status.Checks[1].Comparison.Before {
		t.Errorf("the guard does not say what was answered before the release: %+v", guard.Status.Checks)
	}
	s.When().TurnedTo("HEALTH=ok", "shared")
	s.Then().IsGood(v1.As("v2")).EventSays("web", "BreachEnded", "is judged on").NothingWasDoneTo("web")
}

// What failed before the release gets well for the old revision, and goes on failing for the new one: then it is its fault.
//
//	dependency   ok   fails ------------------------------------ fails for v2 alone
//	v1           ok   fails, and stays                           ok
//	v2                never ready, breached: AlreadyFailing      breached: put back
func TestWhatFailedBeforeTheReleaseIsItsFaultOnceTheOldRevisionIsWell(t *testing.T) {
	s := story.New(t)
	shared := story.NewApp("shared", "v1")
	s.Given().Running(shared).Service("shared", "shared").Policy("web", long)
	v1 := story.NewApp("web", "v1").Edit(story.ReadyBy("/ready")).Env("DEPENDENCY", urlOf(s, "shared"))
	s.Given().RanBefore("web", v1)
	s.When().TurnedTo("HEALTH=fail", "shared").Shipped(v1.As("v2").Env("READY", "fail"))
	s.Then().Holds("web", "AlreadyFailing", "Check health failed before the new revision had a pod", "revision 1", "answered 503").
		HasRecords("web", 0).NothingWasDoneTo("web").TemplateChangedBy("web", "person")
	s.When().TurnedInVersion("DEPENDENCY=", v1)
	s.Then().IsPutBackAndVerified(v1).BecauseOf("web", "health", "WrongStatus").TemplateChangedBy("web", "person", "lastgood").
		FactsAre("web", "PresumedGood", "ReleaseSeen", "CheckFailing", "CheckBreached", "RollbackHeld", "RollbackStarted", "RolledBack", "RollbackVerified")
}

// Both revisions need what fails; then it comes back for the old one alone.
//
//	dependency   ok                      fails -------------- fails for v2 alone
//	v1           serves, and stays       fails                ok
//	v2           ok, but never ready     fails: SharedCause   fails: put back
func TestWhatFailsForTheOldRevisionTooIsHeldUntilItFailsForTheNewOneAlone(t *testing.T) {
	s := story.New(t)
	shared := story.NewApp("shared", "v1")
	s.Given().Running(shared).Service("shared", "shared").Policy("web", long)
	v1 := story.NewApp("web", "v1").Edit(story.ReadyBy("/ready")).Env("DEPENDENCY", urlOf(s, "shared"))
	s.Given().RanBefore("web", v1)
	s.When().Shipped(v1.As("v2").Env("READY", "fail"))
	s.Then().StateIs("web", "Watching", "RollingOut").CheckSays("web", "health", "Pass", "Passed")
	s.When().TurnedTo("HEALTH=fail", "shared")
	s.Then().Holds("web", "SharedCause", "Check health fails just the same for revision 1", "The old revision, at 20", "The new one: ", "answered 503").
		NothingWasDoneTo("web").TemplateChangedBy("web", "person")
	s.When().TurnedInVersion("DEPENDENCY=", v1)
	s.Then().IsPutBackAndVerified(v1).BecauseOf("web", "health", "WrongStatus").TemplateChangedBy("web", "person", "lastgood")
	if evidence := s.Then().Rolledback("web").Status.Evidence; len(evidence) < 2 || evidence[1].Comparison == nil || evidence[1].Comparison.Result != "Pass" {
		t.Errorf("the Rollback does not say that the old revision passed: %+v", evidence)
	}
}
