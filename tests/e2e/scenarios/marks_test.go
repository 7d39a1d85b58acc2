// Marks on the pod template: a rollback must not go past a marked revision. The rollback of a twin
// without a mark shows that the controller had the time to act.
package scenarios

import (
	"testing"

	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

const markKey = "lastgood.dev/no-rollback-past"

func TestHoldsWhenTheBadRevisionIsMarked(t *testing.T) {
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1").Guarded("web")
	twin := v1.Named("twin")
	marked := v1.As("v2").Edit(scenario.TemplateAnnotated(markKey, "true"))
	s.Given().Policy("web", quickPolicy).Good(v1, twin)
	s.When().Applied(marked.Env("HEALTH", "fail")).
		Applied(twin.As("v2").Env("HEALTH", "fail"))
	s.Then().IsHeld("web", "NoRollbackPast", "revision 2", markKey, "revision 1").
		HasCondition("web", "RollbackReady", "False", "NoRollbackPast", "revision 2").
		IsRestoredAndVerified(twin).
		HasNoControllerWrites("web").TemplateChangedBy("web", "user")

	s.When().RollbackRequested("plain", "{deployment: web}")
	s.Then().RollbackIs("plain", "Rejected", "NoRollbackPast", "revision 2").
		HasNoControllerWrites("web")

	s.When().RollbackRequested("forced", "{deployment: web, force: true}")
	s.Then().IsRestoredAndVerified(v1).RollbackIs("forced", "Succeeded").
		TemplateChangedBy("web", "user", "lastgood")
}

// v2 is marked and good. v3 is bad and is rolled back to v2, but not to v1.
func TestRollsBackToAMarkedRevisionButNotPastIt(t *testing.T) {
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1").Guarded("web")
	v2 := v1.As("v2").Edit(scenario.TemplateAnnotated(markKey, "true"))
	s.Given().Policy("web", quickPolicy).Good(v1)
	s.When().Applied(v2)
	s.Then().IsGood(v2)
	s.When().Applied(v1.As("v3").Env("HEALTH", "fail"))
	s.Then().IsRestoredAndVerified(v2).TemplateChangedBy("web", "user", "user", "lastgood")
	s.When().RollbackRequested("further", "{deployment: web, toRevision: 1}")
	s.Then().RollbackIs("further", "Rejected", "NoRollbackPast").
		TemplateChangedBy("web", "user", "user", "lastgood")
}

// The marked revision never became good, but it may have migrated a database.
//
//	web    v1 good   v2 marked, never good   v3 bad: held
//	twin   v1 good   v2 never good           v3 bad: rolled back to v1
func TestHoldsWhenAnEarlierRevisionWithoutAVerdictIsMarked(t *testing.T) {
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1")
	twin := v1.Named("twin")
	s.Given().Policy("web", longBakePolicy).PresumedGoodUnder("web", v1, twin)
	s.When().Applied(v1.As("v2").Edit(scenario.TemplateAnnotated(markKey, "true")), twin.As("v2")).
		Available("web").Available("twin")
	s.Then().StateIs("web", "Evaluating", "Baking").StateIs("twin", "Evaluating", "Baking")
	s.When().Applied(v1.As("v3").Env("HEALTH", "fail"), twin.As("v3").Env("HEALTH", "fail"))
	s.Then().IsHeld("web", "NoRollbackPast", "revision 2", markKey, "revision 1").
		HasCondition("web", "RollbackReady", "False", "NoRollbackPast", "revision 2").
		IsRestoredAndVerified(twin).
		TemplateChangedBy("twin", "user", "user", "lastgood").
		StateIs("web", "Held", "NoRollbackPast").HasRollbackObjects("web", 0).
		HasNoControllerWrites("web").TemplateChangedBy("web", "user", "user")
}

// A value that cannot be parsed may have been meant as a mark, so it counts as a mark.
func TestHoldsWhenTheMarkIsInvalid(t *testing.T) {
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1").Guarded("web")
	twin := v1.Named("twin")
	marked := v1.As("v2").Edit(scenario.TemplateAnnotated(markKey, "yes"))
	s.Given().Policy("web", quickPolicy).Good(v1, twin)
	s.When().Applied(marked.Env("HEALTH", "fail"), twin.As("v2").Env("HEALTH", "fail"))
	s.Then().IsHeld("web", "NoRollbackPast", "revision 2").
		HasEvent("web", "InvalidAnnotation", markKey, `"yes"`).
		IsRestoredAndVerified(twin).StateIs("web", "Held", "NoRollbackPast").
		HasNoControllerWrites("web").TemplateChangedBy("web", "user")
}
