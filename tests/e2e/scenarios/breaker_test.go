// The breaker of the fleet: many releases that fail at once have a common cause. These scenarios
// have their own controller, because the controller in the cluster guards unrelated scenarios.
package scenarios

import (
	"fmt"
	"testing"
	"time"

	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

// 25 Deployments need the dependency "shared" in v2 only. Five other Deployments need it in v1 and
// v2; their v2 is never ready, so v1 still runs. Then the dependency fails, and later a user closes
// the breaker.
//
//	count  needs shared in   dependency fails   breaker is closed
//	25     v2                BreakerOpen        rolled back
//	 5     v1 and v2         SharedCause        SharedCause
func TestOpensTheBreakerWhenOneDependencyBreaksThirtyDeployments(t *testing.T) {
	const total, needInBoth = 30, 5
	s := scenario.NewWithControllerFlags(t,
		"--breaker-rollbacks", "5", "--breaker-percent", "10", "--breaker-within", "5m")
	s.Given().Policy("web", noStartupGrace+longBakePolicy).Running(scenario.NewApp("shared", "v1")).
		Service("shared", "shared").ControllerStarted()
	url := healthURLOf(s, "shared")
	var fleet, needInV2, needInV1AndV2 []scenario.App
	for i := range total {
		app := scenario.NewApp(fmt.Sprintf("app-%02d", i), "v1")
		if i < needInBoth {
			app = app.Edit(scenario.ReadinessProbe("/ready")).Env("DEPENDENCY", url)
			needInV1AndV2 = append(needInV1AndV2, app)
		} else {
			needInV2 = append(needInV2, app)
		}
		fleet = append(fleet, app)
	}
	s.Given().PresumedGoodUnder("web", fleet...)
	for _, app := range needInV1AndV2 {
		s.When().Applied(app.As("v2").Env("READY", "fail"))
	}
	for _, app := range needInV2 {
		s.When().Applied(app.As("v2").Env("DEPENDENCY", url))
	}
	for _, app := range needInV2 {
		s.Then().StateIs(app.Name, "Evaluating", "Baking")
	}
	for _, app := range fleet {
		s.Then().CheckIs(app.Name, "health", "Pass", "Passed")
	}

	s.When().SetInRunningPods("shared", "HEALTH=fail")
	for _, app := range needInV2 {
		s.Then().IsHeld(app.Name, "BreakerOpen", "30", "5", "10%", "lastgood.dev/close-breaker")
	}
	for _, app := range needInV1AndV2 {
		s.Then().IsHeld(app.Name, "SharedCause", "health", "revision 1", "503")
	}
	for _, app := range fleet {
		s.Then().HasNoControllerWrites(app.Name).TemplateChangedBy(app.Name, "user")
	}

	s.When().BreakerClosed()
	for _, app := range needInV2 {
		s.Then().IsRestored(app).TemplateChangedBy(app.Name, "user", "lastgood")
	}
	for _, app := range needInV1AndV2 {
		s.Then().StateIs(app.Name, "Held", "SharedCause").HasNoControllerWrites(app.Name)
	}
}

// v2 of eight Deployments needs the dependency "shared", which fails. Seven Deployments recover one
// after the other. The last Deployment then fails alone, and the breaker still holds its rollback.
//
//	app-0 to app-6   BreakerOpen   recovered     recovered
//	app-7            BreakerOpen   BreakerOpen   recovered
func TestRollsBackNothingWhenDeploymentsRecoverWhileTheBreakerIsOpen(t *testing.T) {
	const total = 8
	s := scenario.NewWithControllerFlags(t,
		"--breaker-rollbacks", "2", "--breaker-percent", "10", "--breaker-within", "5m")
	s.Given().Policy("web", longBakePolicy).Running(scenario.NewApp("shared", "v1")).
		Service("shared", "shared").ControllerStarted()
	var fleet []scenario.App
	for i := range total {
		fleet = append(fleet, scenario.NewApp(fmt.Sprintf("app-%d", i), "v1"))
	}
	others, last := fleet[:total-1], fleet[total-1]
	s.Given().PresumedGoodUnder("web", fleet...)
	for _, app := range fleet {
		s.When().Applied(app.As("v2").Env("DEPENDENCY", healthURLOf(s, "shared")))
	}
	for _, app := range fleet {
		s.Then().StateIs(app.Name, "Evaluating", "Baking").
			CheckIs(app.Name, "health", "Pass", "Passed")
	}

	s.When().SetInRunningPods("shared", "HEALTH=fail")
	for _, app := range fleet {
		s.Then().IsHeld(app.Name, "BreakerOpen", "8", "2", "10%")
	}
	for _, app := range others {
		s.When().SetInRunningPods(app.Name, "DEPENDENCY=")
	}
	for _, app := range others {
		s.Then().HasEvent(app.Name, "BreachEnded").StateIs(app.Name, "Evaluating", "Baking")
	}
	s.Then().StateIs(last.Name, "Held", "BreakerOpen")
	s.When().SetInRunningPods("shared", "HEALTH=ok")
	s.Then().HasEvent(last.Name, "BreachEnded")
	for _, app := range fleet {
		s.Then().StateIs(app.Name, "Evaluating", "Baking").HasRollbackObjects(app.Name, 0).
			HasNoControllerWrites(app.Name).TemplateChangedBy(app.Name, "user")
	}
}

// Six Deployments have been broken for longer than the period of the breaker. They have nothing in
// common with the bad release of another Deployment.
func TestRollsBackWhileOtherDeploymentsAreBrokenForLong(t *testing.T) {
	const broken, period = 6, 10 * time.Second
	s := scenario.NewWithControllerFlags(t,
		"--breaker-rollbacks", "2", "--breaker-percent", "10", "--breaker-within", "10s")
	s.Given().Policy("web", quickPolicy).ControllerStarted()
	v1 := scenario.NewApp("web", "v1").Guarded("web")
	s.Given().Good(v1)
	var names []string
	for i := range broken {
		name := fmt.Sprintf("broken-%d", i)
		names = append(names, name)
		s.Given().Applied(v1.Named(name).Env("HEALTH", "fail").Edit(scenario.SchedulingGate))
	}
	startUnderEvaluation(s, names...)
	for _, name := range names {
		s.Then().StateIs(name, "Held", "NoLastGood")
	}
	s.When().TimePassed(period).Applied(v1.As("v2").Env("HEALTH", "fail"))
	s.Then().IsRestoredAndVerified(v1).TemplateChangedBy("web", "user", "lastgood")
}
