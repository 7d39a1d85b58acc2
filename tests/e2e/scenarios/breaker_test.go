// The breaker of the fleet: many releases that fail at once have a common cause. These scenarios
// have their own controller, because the controller in the cluster guards unrelated scenarios.
package scenarios

import (
	"fmt"
	"testing"

	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

// The second version of 25 Deployments needs one shared dependency. Five other Deployments need it
// in both versions, and their first version still serves. Then the dependency fails.
//
//	25   v1   v2, needs shared            BreakerOpen    closed: rolled back
//	 5   v1 needs shared, v2 never ready  SharedCause    SharedCause
func TestOpensTheBreakerWhenOneDependencyBreaksThirtyDeployments(t *testing.T) {
	const all, serving = 30, 5
	s := scenario.NewWithControllerFlags(t,
		"--breaker-rollbacks", "5", "--breaker-percent", "10", "--breaker-within", "5m")
	s.Given().Policy("web", longPolicy).Running(scenario.NewApp("shared", "v1")).
		Service("shared", "shared").ControllerStarted()
	url := urlOf(s, "shared")
	var fleet, onlyV2Needs, bothNeed []scenario.App
	for i := range all {
		app := scenario.NewApp(fmt.Sprintf("app-%02d", i), "v1")
		if i < serving {
			app = app.Edit(scenario.ReadinessProbe("/ready")).Env("DEPENDENCY", url)
			bothNeed = append(bothNeed, app)
		} else {
			onlyV2Needs = append(onlyV2Needs, app)
		}
		fleet = append(fleet, app)
	}
	s.Given().PresumedGood("web", fleet...)
	for _, app := range bothNeed {
		s.When().Applied(app.As("v2").Env("READY", "fail"))
	}
	for _, app := range onlyV2Needs {
		s.When().Applied(app.As("v2").Env("DEPENDENCY", url))
	}
	for _, app := range onlyV2Needs {
		s.Then().StateIs(app.Name, "Evaluating", "Baking")
	}
	for _, app := range fleet {
		s.Then().CheckIs(app.Name, "health", "Pass", "Passed")
	}

	s.When().KnobSet("HEALTH=fail", "shared")
	for _, app := range onlyV2Needs {
		s.Then().IsHeld(app.Name, "BreakerOpen", "30", "5", "10%", "lastgood.dev/close-breaker")
	}
	for _, app := range bothNeed {
		s.Then().IsHeld(app.Name, "SharedCause", "health", "revision 1", "503")
	}
	for _, app := range fleet {
		s.Then().IsUntouched(app.Name).TemplateChangedBy(app.Name, "user")
	}

	s.When().BreakerClosed()
	for _, app := range onlyV2Needs {
		s.Then().IsRolledBack(app).TemplateChangedBy(app.Name, "user", "lastgood")
	}
	for _, app := range bothNeed {
		s.Then().StateIs(app.Name, "Held", "SharedCause").IsUntouched(app.Name)
	}
}

// The dependency recovers for one Deployment after the other. The last one fails alone for a
// while, and the breaker still holds its rollback.
//
//	app-0 .. app-6   v2, needs shared   BreakerOpen   recovered
//	app-7            v2, needs shared   BreakerOpen   BreakerOpen   recovered
func TestRollsBackNothingWhenDeploymentsRecoverWhileTheBreakerIsOpen(t *testing.T) {
	const all = 8
	s := scenario.NewWithControllerFlags(t,
		"--breaker-rollbacks", "2", "--breaker-percent", "10", "--breaker-within", "5m")
	s.Given().Policy("web", longPolicy).Running(scenario.NewApp("shared", "v1")).
		Service("shared", "shared").ControllerStarted()
	var fleet []scenario.App
	for i := range all {
		fleet = append(fleet, scenario.NewApp(fmt.Sprintf("app-%d", i), "v1"))
	}
	first, last := fleet[:all-1], fleet[all-1]
	s.Given().PresumedGood("web", fleet...)
	for _, app := range fleet {
		s.When().Applied(app.As("v2").Env("DEPENDENCY", urlOf(s, "shared")))
	}
	for _, app := range fleet {
		s.Then().StateIs(app.Name, "Evaluating", "Baking").
			CheckIs(app.Name, "health", "Pass", "Passed")
	}

	s.When().KnobSet("HEALTH=fail", "shared")
	for _, app := range fleet {
		s.Then().IsHeld(app.Name, "BreakerOpen", "8", "2", "10%")
	}
	for _, app := range first {
		s.When().KnobSet("DEPENDENCY=", app.Name)
	}
	for _, app := range first {
		s.Then().HasEvent(app.Name, "BreachEnded").StateIs(app.Name, "Evaluating", "Baking")
	}
	s.Then().StateIs(last.Name, "Held", "BreakerOpen")
	s.When().KnobSet("HEALTH=ok", "shared")
	s.Then().HasEvent(last.Name, "BreachEnded")
	for _, app := range fleet {
		s.Then().StateIs(app.Name, "Evaluating", "Baking").HasRollbacksOfAnyKind(app.Name, 0).
			IsUntouched(app.Name).TemplateChangedBy(app.Name, "user")
	}
}
