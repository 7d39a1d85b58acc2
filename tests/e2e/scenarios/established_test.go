// Established checks and baselines: a check that never passed, or that fails for the old revision
// too, rolls nothing back.
package scenarios

import (
	"fmt"
	"strings"
	"testing"

	apps "k8s.io/api/apps/v1"

	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

// A user edits the path of the check during three bakes. No revision has ever passed the new check.
// The rollback of a twin shows that the controller had the time to act.
func TestHoldsWhenAPolicyIsEditedToAWrongPath(t *testing.T) {
	s := scenario.New(t)
	var apps []scenario.App
	for i := range 3 {
		apps = append(apps, scenario.NewApp(fmt.Sprintf("web-%d", i), "v1"))
	}
	twin := scenario.NewApp("twin", "v1")
	s.Given().Policy("web", longBakePolicy).Policy("twins", longBakePolicy).
		PresumedGoodUnder("web", apps...).PresumedGoodUnder("twins", twin)
	for _, app := range append(apps, twin) {
		s.When().Applied(app.As("v2")).Available(app.Name)
	}
	for _, app := range append(apps, twin) {
		s.Then().StateIs(app.Name, "Evaluating", "Baking").
			CheckIs(app.Name, "health", "Pass", "Passed")
	}
	s.When().Policy("web", strings.Replace(longBakePolicy, "/health", "/helth", 1))
	for _, app := range apps {
		s.Then().IsHeld(app.Name, "CheckNotEstablished", "health", "RollbackPolicy/web").
			HasCondition(app.Name, "ChecksEstablished", "False", "CheckNotEstablished", "health")
	}
	s.When().SetInRunningPods("twin", "HEALTH=fail")
	s.Then().IsRestoredAndVerified(twin)
	for _, app := range apps {
		s.Then().HasRollbackObjects(app.Name, 0).HasNoControllerWrites(app.Name).
			TemplateChangedBy(app.Name, "user")
	}
	s.When().Policy("web", longBakePolicy)
	for _, app := range apps {
		s.Then().StateIs(app.Name, "Evaluating", "Baking")
	}
}

// v2 is held, because the database is down. v3 is healthy, but the database is still down.
//
//	database   ok        fails                              ok
//	web        v1 good   v2 is held   v3 is held            v3 becomes good
func TestHoldsTheNextReleaseTooWhileADatabaseIsDown(t *testing.T) {
	s := scenario.New(t)
	database := scenario.NewApp("database", "v1")
	s.Given().Policy("web", quickPolicy).Running(database).Service("database", "database")
	v1 := scenario.NewApp("web", "v1").Guarded("web").
		Env("DEPENDENCY", healthURLOf(s, "database"))
	twin := scenario.NewApp("twin", "v1").Guarded("web")
	v2 := v1.As("v2").Edit(scenario.SchedulingGate)
	v3 := v1.As("v3")
	s.Given().Good(v1, twin)
	s.When().SetInRunningPods("database", "HEALTH=fail").Applied(v2)
	s.Then().BaselineFailedBeforeRelease("web", "health")
	s.When().Scheduled("web")
	s.Then().StateIs("web", "Held", "AlreadyFailing").
		HasEvent("web", "RollbackHeld", "AlreadyFailing", "revision 2", "503")
	s.When().Applied(v3, twin.As("v3").Env("HEALTH", "fail")).HealthRequestsFailed(v3, 5)
	s.Then().IsRestoredAndVerified(twin).StateIs("web", "Held", "").
		HasEvent("web", "RollbackHeld", "revision 3", "503").
		HasRollbackObjects("web", 0).HasNoControllerWrites("web")
	s.When().SetInRunningPods("database", "HEALTH=ok")
	s.Then().IsGood(v3).HasNoControllerWrites("web").TemplateChangedBy("web", "user", "user")
}

// The old revision fails one request at the moment of the bad release, and passes before and after.
func TestRollsBackWhenTheBaselineFailsOnceByChance(t *testing.T) {
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1").Guarded("web")
	s.Given().Policy("web", withLongTimeout(quickPolicy)).Good(v1)
	s.When().Applied(v1.As("v2").Env("HEALTH", "fail").Edit(scenario.SchedulingGate))
	s.Then().BaselinePassedBeforeRelease("web", "health")
	s.When().SetInRunningPods("web", "HEALTH_FAIL_NEXT=1").HealthRequestsFailed(v1, 1).
		Scheduled("web")
	s.Then().IsRestoredAndVerified(v1).CausedByCheck("web", "health", "WrongStatus").
		TemplateChangedBy("web", "user", "lastgood")
}

// With strategy Recreate, the pods of the old revision end before the new pods start. Their last
// results must count. In state Idle, the controller probes these pods once a minute.
func TestHoldsADeploymentWithStrategyRecreateWhenTheBaselineFailedToo(t *testing.T) {
	s := scenario.New(t)
	database := scenario.NewApp("database", "v1")
	s.Given().Policy("web", quickPolicy).Running(database).Service("database", "database")
	v1 := scenario.NewApp("web", "v1").Guarded("web").
		Env("DEPENDENCY", healthURLOf(s, "database")).
		Edit(func(d *apps.Deployment) {
			d.Spec.Strategy.Type = apps.RecreateDeploymentStrategyType
		})
	v2 := v1.As("v2")
	s.Given().Good(v1)
	s.When().SetInRunningPods("database", "HEALTH=fail")
	s.Then().CheckFailsInIdle("web", "health")
	s.When().Applied(v2).HealthRequestsFailed(v2, 5)
	s.Then().StateIs("web", "Held", "").
		HasRollbackObjects("web", 0).HasNoControllerWrites("web").TemplateChangedBy("web", "user")
	s.When().SetInRunningPods("database", "HEALTH=ok")
	s.Then().IsGood(v2).HasNoControllerWrites("web")
}
