// The ways to opt in and to opt out.
package scenarios

import (
	"encoding/json"
	"testing"

	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

// A user needs only a ConfigMap with three keys and one annotation on the Deployment. This scenario
// takes about 60 s: three failures with an interval of 20 s.
func TestOptsInByAConfigMapAndOneAnnotation(t *testing.T) {
	s := scenario.New(t)
	v1 := scenario.NewApp("myapp", "v1").Edit(scenario.Replicas(2))
	s.Given().
		ConfigMap("rollback-config", configMapData("http://myapp:8080/health", "3", "20s")).
		Service("myapp", "myapp").Running(v1)
	s.When().Annotated("myapp", configMapKey, "rollback-config")
	s.Then().VerdictIs("myapp", "PresumedGood").IsGood(v1).
		HasCondition("myapp", "Governed", "True", "PolicyApplies", "ConfigMap/rollback-config")
	s.When().Applied(v1.As("v2").Env("HEALTH", "fail"))
	s.Then().IsRestored(v1).CausedByCheck("myapp", "health", "WrongStatus").
		TemplateChangedBy("myapp", "user", "lastgood")
}

func TestOptsInBySelectorWithoutChangingTheDeployment(t *testing.T) {
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1").Labelled("tier", "web")
	batch := scenario.NewApp("batch", "v1").Labelled("tier", "batch")
	s.Given().Policy("web", "selector: {matchLabels: {tier: web}}"+quickPolicy).
		Good(v1).Running(batch)
	s.When().Applied(batch.As("v2").Env("HEALTH", "fail"), v1.As("v2").Env("HEALTH", "fail"))
	s.Then().IsRestoredAndVerified(v1).TemplateChangedBy("web", "user", "lastgood").
		HasNoControllerWrites("batch").HasNoGuard("batch").PolicyGuardsDeployments("web", 1)
}

// If the user names no policy, the built-in policy applies. It has only the rollout check.
func TestEvaluatesTheRolloutWhenOnlyEnabledIsSet(t *testing.T) {
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1")
	s.Given().Running(v1)
	s.When().Annotated("web", "lastgood.dev/enabled", "true")
	s.Then().VerdictIs("web", "PresumedGood").IsGood(v1).
		HasCondition("web", "Governed", "True", "PolicyApplies", "built-in")
	s.When().Applied(v1.As("v2").Env("CRASH_AFTER", "0"))
	// The breach has one of two reasons: a crash loop, or pods that were not ready for 30 s.
	s.Then().IsRestored(v1).TemplateChangedBy("web", "user", "lastgood").
		StateIs("web", "Verifying", "RolledOut")
}

func TestOptOutOverridesPolicyAndSelector(t *testing.T) {
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1").Labelled("tier", "web").Guarded("web")
	twin := v1.Named("twin")
	s.Given().Policy("web", "selector: {matchLabels: {tier: web}}"+quickPolicy).Good(v1, twin)
	s.When().Annotated("web", "lastgood.dev/enabled", "false")
	s.Then().HasCondition("web", "Governed", "False", "NotOptedIn")
	s.When().Applied(v1.As("v2").Env("HEALTH", "fail")).
		Applied(twin.As("v2").Env("HEALTH", "fail"))
	s.Then().IsRestoredAndVerified(twin).
		HasNoControllerWrites("web").TemplateChangedBy("web", "user").
		StateIs("web", "Idle", "NotOptedIn")
}

// kubectl replace removes every annotation that the file does not have. The bad release must not be
// presumed good when the user opts in again.
func TestWarnsWhenAReplaceLosesTheOptIn(t *testing.T) {
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1")
	bad, err := json.Marshal(v1.As("v2").Env("HEALTH", "fail").Manifest())
	if err != nil {
		t.Fatal(err)
	}
	s.Given().Policy("web", quickPolicy).Good(v1.Guarded("web"))
	s.When().Kubectl(string(bad), "replace", "-f", "-")
	s.Then().HasEvent("web", "OptInLost", "lastgood.dev/policy").
		StateIs("web", "Idle", "NotOptedIn").
		HasNoControllerWrites("web").TemplateChangedBy("web", "user")
	s.When().Annotated("web", "lastgood.dev/policy", "web")
	s.Then().IsRestored(v1).TemplateChangedBy("web", "user", "lastgood")
}
