// Distance: which revision is the target for teams that release more often than they bake.
package scenarios

import (
	"fmt"
	"testing"

	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

// Each release is replaced in its bake, after it was healthy for minimumBake. The timeout is long,
// because a release whose last probe timed out would not become good.
func TestRollsBackOneReleaseWhenTeamsReleaseMoreOftenThanTheyBake(t *testing.T) {
	s := scenario.New(t)
	app := scenario.NewApp("web", "v1")
	s.Given().Policy("web", "minimumBake: 2s"+withLongTimeout(longBakePolicy)).
		PresumedGoodUnder("web", app)
	for n := 2; n <= 9; n++ {
		app = app.As(fmt.Sprintf("v%d", n))
		s.Given().Running(app)
		s.Then().IsBaking("web").HasSnapshot("web")
		s.When().HealthRequestsPassed(app, 2)
	}
	s.When().Applied(app.As("v10").Env("HEALTH", "fail"))
	s.Then().IsRestoredAndVerified(app)
}

// No release was healthy for minimumBake, so only v1 is good. It is further back than the policy
// allows. The rollback of a twin shows that the controller had the time to act.
func TestHoldsWhenTheLastGoodRevisionIsTooFarBack(t *testing.T) {
	s := scenario.New(t)
	app := scenario.NewApp("web", "v1")
	twin := scenario.NewApp("twin", "v1")
	s.Given().Policy("web", "minimumBake: 10m"+longBakePolicy).PresumedGoodUnder("web", app, twin)
	for n := 2; n <= 7; n++ {
		app = app.As(fmt.Sprintf("v%d", n))
		s.Given().Running(app)
		s.Then().IsBaking("web")
	}
	s.When().Applied(app.As("v8").Env("HEALTH", "fail"), twin.As("v2").Env("HEALTH", "fail"))
	s.Then().IsHeld("web", "TooFarBack", "revision 1", "revision 7", "5").
		IsRestoredAndVerified(twin).StateIs("web", "Held", "TooFarBack").
		HasRollbackObjects("web", 0).HasNoControllerWrites("web")
}
