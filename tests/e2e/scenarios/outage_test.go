// Outages: something that all revisions need fails during a bake.
package scenarios

import (
	"context"
	"fmt"
	"testing"

	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

// No pod of v1 runs any more, so the controller cannot know that v1 fails too. It rolls back once.
// When the outage ends, the freeze ends too, and v2 is not quarantined.
//
//	database   ok          fails                                     ok
//	web        v2 bakes    v1 is restored, fails and is frozen       v1 is good, v2 inconclusive
func TestLiftsTheFreezeWhenAnOutageEnds(t *testing.T) {
	s := scenario.New(t)
	database := scenario.NewApp("database", "v1")
	s.Given().Policy("web", longBakePolicy).Running(database).Service("database", "database")
	v1 := scenario.NewApp("web", "v1").Env("DEPENDENCY", healthURLOf(s, "database"))
	v2 := v1.As("v2")
	s.Given().PresumedGoodUnder("web", v1)
	s.When().Applied(v2).Available("web")
	s.Then().StateIs("web", "Evaluating", "Baking").CheckIs("web", "health", "Pass", "Passed")
	s.When().SetInRunningPods("database", "HEALTH=fail")
	s.Then().StateIs("web", "Frozen", "VerificationFailed").HasRollbacks("web", 1)
	bad := s.Then().LatestRollback("web").Spec.From
	s.When().SetInRunningPods("database", "HEALTH=ok")
	s.Then().StateIs("web", "Idle", "OutageEnded").HasRevision("web", bad.Hash, "Inconclusive").
		HasRollbacks("web", 1).TemplateChangedBy("web", "user", "lastgood")
	guard, _ := s.Guard(context.Background(), "web")
	if guard.Status.Freeze != nil {
		t.Errorf("the freeze remains: %+v", guard.Status.Freeze)
	}
	// v2 is not quarantined: it is evaluated like every release, also if a tool applies it again.
	s.When().Applied(v2).Available("web")
	s.Then().StateIs("web", "Evaluating", "Baking")
}

func TestHoldsWhenFourDeploymentsBeginToFailTogether(t *testing.T) {
	s := scenario.NewWithControllerFlags(t, "--breaker-rollbacks", "0")
	database := scenario.NewApp("database", "v1")
	s.Given().Policy("web", longBakePolicy).Running(database).Service("database", "database").
		ControllerStarted()
	var fleet []scenario.App
	for i := range 4 {
		fleet = append(fleet, scenario.NewApp(fmt.Sprintf("web-%d", i), "v1").
			Env("DEPENDENCY", healthURLOf(s, "database")))
	}
	s.Given().PresumedGoodUnder("web", fleet...)
	for _, app := range fleet {
		s.When().Applied(app.As("v2")).Available(app.Name)
	}
	for _, app := range fleet {
		s.Then().StateIs(app.Name, "Evaluating", "Baking").
			CheckIs(app.Name, "health", "Pass", "Passed")
	}
	s.When().SetInRunningPods("database", "HEALTH=fail")
	for _, app := range fleet {
		s.Then().IsHeld(app.Name, "SharedCause", "health", "3 other guarded Deployments (limit 2)")
	}
	s.When().SetInRunningPods("database", "HEALTH=ok")
	for _, app := range fleet {
		s.Then().StateIs(app.Name, "Evaluating", "Baking").HasRollbackObjects(app.Name, 0).
			HasNoControllerWrites(app.Name).TemplateChangedBy(app.Name, "user")
	}
}
