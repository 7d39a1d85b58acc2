// The ways in, and the way out.
package scenarios

import (
	"testing"

	"lastgood.dev/tests/e2e/scenarios/internal/story"
)

// The seed of the whole idea, to the letter: three strings in a ConfigMap, and one annotation on a Deployment that is
// otherwise as it was. It takes a minute and a half, because "30s" is half a minute.
func TestAConfigMapWithThreeStringsAndOneAnnotationAreEnough(t *testing.T) {
	s := story.New(t)
	v1 := story.NewApp("myapp", "v1").Edit(story.Replicas(2))
	s.Given().ConfigMap("rollback-config", map[string]string{
		"health_check_url": "http://myapp:8080/health", "failure_threshold": "3", "check_interval": "30s",
	}).Service("myapp", "myapp").Running(v1)
	s.When().Annotated("myapp", "lastgood.dev/config-map", "rollback-config")
	s.Then().VerdictIs("myapp", "PresumedGood").IsGood(v1).ConditionSays("myapp", "Governed", "True", "PolicyApplies", "ConfigMap/rollback-config")
	s.When().Shipped(v1.As("v2").Env("HEALTH", "fail"))
	s.Then().IsPutBack(v1).BecauseOf("myapp", "health", "WrongStatus").TemplateChangedBy("myapp", "person", "lastgood")
	if took := s.Then().Rolledback("myapp"); took.Spec.Check != "health" {
		t.Errorf("the check of the ConfigMap is called %q", took.Spec.Check)
	}
}

func TestASelectorOptsInWithoutTouchingTheDeployment(t *testing.T) {
	s := story.New(t)
	v1 := story.NewApp("web", "v1").Labelled("tier", "web")
	other := story.NewApp("batch", "v1").Labelled("tier", "batch")
	s.Given().Policy("web", "selector: {matchLabels: {tier: web}}"+quick).Good(v1).Running(other)
	s.When().Shipped(other.As("v2").Env("HEALTH", "fail"), v1.As("v2").Env("HEALTH", "fail"))
	s.Then().IsPutBackAndVerified(v1).TemplateChangedBy("web", "person", "lastgood").
		NothingWasDoneTo("batch").HasNoGuard("batch").PolicyGuards("web", 1)
}

// The annotation alone: no policy, no health check, and the rollout is judged.
func TestEnabledAloneJudgesTheRollout(t *testing.T) {
	s := story.New(t)
	v1 := story.NewApp("web", "v1")
	s.Given().Running(v1)
	s.When().Annotated("web", "lastgood.dev/enabled", "true")
	s.Then().VerdictIs("web", "PresumedGood").IsGood(v1).ConditionSays("web", "Governed", "True", "PolicyApplies", "built-in")
	s.When().Shipped(v1.As("v2").Env("CRASH_AFTER", "0"))
	// A crash loop, or not ready for half a minute: both are seen at about the same time.
	s.Then().IsPutBack(v1).TemplateChangedBy("web", "person", "lastgood").StateIs("web", "Verifying", "RolledOut")
}

func TestAnOptOutWinsOverEverything(t *testing.T) {
	s := story.New(t)
	v1 := story.NewApp("web", "v1").Labelled("tier", "web").Guarded("web")
	twin := v1.Named("twin")
	s.Given().Policy("web", "selector: {matchLabels: {tier: web}}"+quick).Good(v1, twin)
	s.When().Annotated("web", "lastgood.dev/enabled", "false")
	s.Then().ConditionSays("web", "Governed", "False", "NotOptedIn")
	s.When().Shipped(v1.As("v2").Env("HEALTH", "fail")).Shipped(twin.As("v2").Env("HEALTH", "fail"))
	s.Then().IsPutBackAndVerified(twin).NothingWasDoneTo("web").TemplateChangedBy("web", "person").StateIs("web", "Idle", "NotOptedIn")
}
