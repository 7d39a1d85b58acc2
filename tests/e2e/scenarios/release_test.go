// The life of a release: what is good, what is put back, and to where.
package scenarios

import (
	"context"
	"testing"
	"time"

	apps "k8s.io/api/apps/v1"

	"lastgood.dev/tests/e2e/scenarios/internal/story"
)

func TestHealthThatFailsAfterTheRolloutIsPutBack(t *testing.T) {
	s := story.New(t)
	v1 := story.NewApp("web", "v1")
	s.Given().Policy("web", long).RanBefore("web", v1)
	s.When().Shipped(v1.As("v2")).Available("web")
	s.Then().StateIs("web", "Watching", "Baking")
	s.When().TurnedTo("HEALTH=fail", "web")
	s.Then().IsPutBackAndVerified(v1).BecauseOf("web", "health", "WrongStatus").
		TemplateChangedBy("web", "person", "lastgood").WasTriedBefore("web").
		FactsAre("web", "PresumedGood", "ReleaseSeen", "CheckFailing", "CheckBreached", "RollbackStarted", "RolledBack", "RollbackVerified")
}

func TestHealthThatFailsDuringTheRolloutIsPutBackBeforeItIsComplete(t *testing.T) {
	s := story.New(t)
	v1 := story.NewApp("web", "v1").Guarded("web").Edit(story.Replicas(3)).Edit(story.ReadyBy("/ready"))
	s.Given().Policy("web", quick).Good(v1)
	s.When().Shipped(v1.As("v2").Env("HEALTH", "fail").Env("READY", "fail"))
	s.Then().IsPutBackAndVerified(v1).BecauseOf("web", "health", "WrongStatus").TemplateChangedBy("web", "person", "lastgood")
}

// (N-1)P .. NP + timeout, from the first failing probe to the acknowledged patch; the grid of the probes moves with what a
// loaded machine adds to each look.
func TestABreachIsDetectedInItsTime(t *testing.T) {
	const interval, failures, timeout, load = time.Second, 4, 500 * time.Millisecond, 300 * time.Millisecond
	s := story.New(t)
	v1 := story.NewApp("web", "v1").Guarded("web")
	s.Given().Policy("web", `
bakeTime: 3s
checks:
- {name: health, http: {port: 8080, path: /health, timeout: 500ms}, interval: 1s, failureThreshold: 4}
rollback: {verifyFor: 1s}
`).Good(v1)
	s.When().Shipped(v1.As("v2").Env("HEALTH", "fail"))
	s.Then().IsPutBack(v1)
	rollback := s.Then().Rolledback("web")
	took := rollback.Status.TemplateRestored.Sub(*rollback.Status.FirstFailure)
	s.Then().Between("from the first failing probe to the patch", took, (failures-1)*interval-load, failures*interval+timeout)
}

// A good release becomes the target, and a bad one never does.
//
//	v1 good    v2 good    v3 bad -> v2    v4 bad -> v2
func TestTheSecondBadReleaseGoesBackToTheLastGoodOneToo(t *testing.T) {
	s := story.New(t)
	v1 := story.NewApp("web", "v1").Guarded("web")
	v2, v3, v4 := v1.As("v2"), v1.As("v3").Env("HEALTH", "fail"), v1.As("v4").Env("HEALTH", "close")
	s.Given().Policy("web", quick).Good(v1)
	s.When().Shipped(v2)
	s.Then().IsGood(v2).VerdictIs("web", "Good")
	s.When().Shipped(v3)
	s.Then().IsPutBackAndVerified(v2)
	s.When().Shipped(v4)
	s.Then().HasRollbacks("web", 2).IsPutBackAndVerified(v2).BecauseOf("web", "health", "Closed").
		TemplateChangedBy("web", "person", "person", "lastgood", "person", "lastgood").
		EventSays("web", "ReleaseGood", "revision 2")
}

func TestABadTemplateThatAPersonAppliesAgainIsJudgedAfresh(t *testing.T) {
	t.Parallel()
	t.Run("and put back again while it is bad", func(t *testing.T) {
		s := story.New(t)
		v1 := story.NewApp("web", "v1").Guarded("web")
		bad := v1.As("v2").Env("HEALTH", "fail")
		s.Given().Policy("web", quick).Good(v1)
		s.When().Shipped(bad)
		s.Then().IsPutBackAndVerified(v1)
		s.When().Shipped(bad)
		s.Then().HasRollbacks("web", 2).IsPutBackAndVerified(v1).TemplateChangedBy("web", "person", "lastgood", "person", "lastgood")
	})
	t.Run("and good once what it lacked is there", func(t *testing.T) {
		s := story.New(t)
		v1 := story.NewApp("web", "v1").Guarded("web")
		lacking := v1.As("v2").Edit(story.Needs("settings"))
		s.Given().Policy("web", quick).Good(v1)
		s.When().Shipped(lacking)
		s.Then().IsPutBackAndVerified(v1).BecauseOf("web", "rollout", "ConfigError")
		s.When().ConfigMap("settings", map[string]string{"colour": "blue"}).Shipped(lacking)
		s.Then().IsGood(lacking).TemplateChangedBy("web", "person", "lastgood", "person").
			EventSays("web", "ReleaseSeen", "was rolled back before and is judged afresh")
	})
}

func TestTheLastGoodTemplateOutlivesTheHistoryLimit(t *testing.T) {
	s := story.New(t)
	v1 := story.NewApp("web", "v1").Edit(func(d *apps.Deployment) { d.Spec.RevisionHistoryLimit = new(int32) })
	s.Given().Policy("web", long).RanBefore("web", v1)
	s.When().Shipped(v1.As("v2")).Available("web")
	s.Then().HasReplicaSets("web", 1)
	s.When().TurnedTo("HEALTH=fail", "web")
	s.Then().IsPutBackAndVerified(v1).TemplateChangedBy("web", "person", "lastgood")
}

func TestTheRecreateStrategyIsPutBackToo(t *testing.T) {
	s := story.New(t)
	v1 := story.NewApp("web", "v1").Guarded("web").Edit(func(d *apps.Deployment) { d.Spec.Strategy.Type = apps.RecreateDeploymentStrategyType })
	s.Given().Policy("web", quick).Good(v1)
	s.When().Shipped(v1.As("v2").Env("HEALTH", "503"))
	s.Then().IsPutBackAndVerified(v1).TemplateChangedBy("web", "person", "lastgood")
}

func TestADeploymentMadeAgainUnderItsNameIsAnother(t *testing.T) {
	s := story.New(t)
	v1 := story.NewApp("web", "v1").Guarded("web")
	s.Given().Policy("web", quick).Good(v1)
	first, _ := s.ThisGuard(context.Background(), "web")
	s.When().Deleted("web").Shipped(v1.As("v2").Env("HEALTH", "fail"))
	s.Then().StateIs("web", "Held", "NoLastGood").NothingWasDoneTo("web")
	s.When().TurnedTo("HEALTH=ok", "web")
	s.Then().IsGood(v1.As("v2"))
	second, _ := s.ThisGuard(context.Background(), "web")
	if first.Status.DeploymentUID == second.Status.DeploymentUID || len(second.Status.Revisions) != 1 {
		t.Errorf("the guard of the second Deployment remembers the first: %+v", second.Status)
	}
}

func TestWithoutALastGoodRevisionTheRollbackIsHeldAndSaysSo(t *testing.T) {
	s := story.New(t)
	bad := story.NewApp("web", "v1").Guarded("web").Env("HEALTH", "fail")
	s.Given().Policy("web", quick).Deployed(bad)
	s.Then().StateIs("web", "Held", "NoLastGood").
		ConditionSays("web", "Stalled", "True", "NoLastGood", "There is nothing to go back to").
		EventSays("web", "RollbackHeld", "NoLastGood", "nothing to go back to").NothingWasDoneTo("web")
	s.When().TurnedTo("HEALTH=ok", "web")
	s.Then().IsGood(bad).EventSays("web", "BreachEnded", "is judged on")
}
