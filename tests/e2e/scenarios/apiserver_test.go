// The API server is killed and comes back, under watches that were running.
package scenarios

import (
	"io"
	"testing"

	"lastgood.dev/tests/e2e/internal/local/cluster"
	"lastgood.dev/tests/e2e/scenarios/internal/story"
)

// What happened between the server's return and the controller's reconnecting is seen like anything else: a release, a new
// Deployment, and one that is gone. So is what was being judged when the server died.
func TestNothingIsMissedWhenTheAPIServerIsKilledAndComesBack(t *testing.T) {
	s := story.Alone(t)
	judged, shipped, gone := story.NewApp("judged", "v1").Guarded("web"), story.NewApp("shipped", "v1").Guarded("web"), story.NewApp("gone", "v1").Guarded("web")
	s.Given().Policy("web", long).Running(judged, shipped, gone).TheControllerRuns()
	s.Then().IsGood(judged).IsGood(shipped).IsGood(gone)
	s.When().Shipped(judged.As("v2")).Available("judged")
	s.Then().StateIs("judged", "Watching", "Baking")
	s.When().TurnedTo("HEALTH=fail", "judged")

	restartAPIServer(t, s)
	s.When().Shipped(shipped.As("v2").Env("HEALTH", "fail")).Shipped(story.NewApp("new", "v1").Guarded("web")).Deleted("gone")

	s.Then().IsPutBackAndVerified(judged).TemplateChangedBy("judged", "person", "lastgood").
		IsPutBackAndVerified(shipped).TemplateChangedBy("shipped", "person", "lastgood").
		StateIs("new", "Watching", "Baking").MetricIs("lastgood_guarded_deployments", 3)
}

func restartAPIServer(t *testing.T, s *story.Story) {
	t.Helper()
	local, err := cluster.Open(s.Cluster.Layout.Dir, io.Discard)
	if err == nil {
		err = local.RestartAPIServer()
	}
	if err != nil {
		t.Fatal(err)
	}
}
