// The breaker of the fleet: what breaks everywhere at once is nobody's release. It has a controller of its own, since the one in
// the cluster looks after many stories that have nothing to do with each other.
package scenarios

import (
	"fmt"
	"testing"

	"lastgood.dev/tests/e2e/scenarios/internal/story"
)

// Thirty Deployments get a second version, which asks one shared dependency, and that fails when all are out. Of five of them the
// first version still serves, and asks it too.
//
//	25   v1   v2, needs shared            BreakerOpen    closed: put back
//	 5   v1 needs shared, v2 never ready  SharedCause    SharedCause
func TestThirtyDeploymentsThatOneDependencyBreaksAreNotRolledBack(t *testing.T) {
	const all, serving = 30, 5
	s := story.AloneWith(t, "--breaker-rollbacks", "5", "--breaker-percent", "10", "--breaker-within", "5m")
	s.Given().Policy("web", long).Running(story.NewApp("shared", "v1")).Service("shared", "shared").TheControllerRuns()
	url := urlOf(s, "shared")
	var fleet, own, alike []story.App
	for i := range all {
		app := story.NewApp(fmt.Sprintf("app-%02d", i), "v1")
		if i < serving {
			app = app.Edit(story.ReadyBy("/ready")).Env("DEPENDENCY", url)
			alike = append(alike, app)
		} else {
			own = append(own, app)
		}
		fleet = append(fleet, app)
	}
	s.Given().RanBefore("web", fleet...)
	for _, app := range alike {
		s.When().Shipped(app.As("v2").Env("READY", "fail"))
	}
	for _, app := range own {
		s.When().Shipped(app.As("v2").Env("DEPENDENCY", url))
	}
	for _, app := range own {
		s.Then().StateIs(app.Name, "Watching", "Baking")
	}
	for _, app := range fleet {
		s.Then().CheckSays(app.Name, "health", "Pass", "Passed")
	}

	s.When().TurnedTo("HEALTH=fail", "shared")
	for _, app := range own {
		s.Then().Holds(app.Name, "BreakerOpen", "of 30 guarded Deployments fail", "above 5 and above 10%", "lastgood.dev/close-breaker")
	}
	for _, app := range alike {
		s.Then().Holds(app.Name, "SharedCause", "fails just the same for revision 1", "answered 503")
	}
	for _, app := range fleet {
		s.Then().NothingWasDoneTo(app.Name).TemplateChangedBy(app.Name, "person")
	}

	s.When().ClosesBreaker()
	for _, app := range own {
		s.Then().IsPutBack(app).TemplateChangedBy(app.Name, "person", "lastgood")
	}
	for _, app := range alike {
		s.Then().StateIs(app.Name, "Held", "SharedCause").NothingWasDoneTo(app.Name)
	}
}

// What they all ask comes back for one after the other. The last of them fails alone for a while, and that is still not its
// release's fault.
//
//	app-0 .. app-6   v2, needs shared   BreakerOpen   well
//	app-7            v2, needs shared   BreakerOpen   BreakerOpen   well
func TestOfThoseThatGetWellWhileTheBreakerIsOpenNoneIsRolledBack(t *testing.T) {
	const all = 8
	s := story.AloneWith(t, "--breaker-rollbacks", "2", "--breaker-percent", "10", "--breaker-within", "5m")
	s.Given().Policy("web", long).Running(story.NewApp("shared", "v1")).Service("shared", "shared").TheControllerRuns()
	var fleet []story.App
	for i := range all {
		fleet = append(fleet, story.NewApp(fmt.Sprintf("app-%d", i), "v1"))
	}
	first, last := fleet[:all-1], fleet[all-1]
	s.Given().RanBefore("web", fleet...)
	for _, app := range fleet {
		s.When().Shipped(app.As("v2").Env("DEPENDENCY", urlOf(s, "shared")))
	}
	for _, app := range fleet {
		s.Then().StateIs(app.Name, "Watching", "Baking").CheckSays(app.Name, "health", "Pass", "Passed")
	}

	s.When().TurnedTo("HEALTH=fail", "shared")
	for _, app := range fleet {
		s.Then().Holds(app.Name, "BreakerOpen", "of 8 guarded Deployments fail", "above 2 and above 10%")
	}
	for _, app := range first {
		s.When().TurnedTo("DEPENDENCY=", app.Name)
	}
	for _, app := range first {
		s.Then().EventSays(app.Name, "BreachEnded", "is judged on").StateIs(app.Name, "Watching", "Baking")
	}
	s.Then().StateIs(last.Name, "Held", "BreakerOpen")
	s.When().TurnedTo("HEALTH=ok", "shared")
	s.Then().EventSays(last.Name, "BreachEnded", "is judged on")
	for _, app := range fleet {
		s.Then().StateIs(app.Name, "Watching", "Baking").HasRecords(app.Name, 0).NothingWasDoneTo(app.Name).TemplateChangedBy(app.Name, "person")
	}
}
