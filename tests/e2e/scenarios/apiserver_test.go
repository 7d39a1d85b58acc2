// The API server is killed and restarted while the controller watches.
package scenarios

import (
	"io"
	"testing"

	"lastgood.dev/tests/e2e/internal/local/cluster"
	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

// Before the restart, v2 of "evaluated" is being evaluated and begins to fail. Right after the
// restart, "released" gets a bad release, "new" is created and "deleted" is deleted. At that time
// the controller may still have no connection.
func TestMissesNothingWhenTheAPIServerRestarts(t *testing.T) {
	s := scenario.NewWithOwnController(t)
	evaluated := scenario.NewApp("evaluated", "v1").Guarded("web")
	released, deleted := evaluated.Named("released"), evaluated.Named("deleted")
	s.Given().Policy("web", longBakePolicy).
		Running(evaluated, released, deleted).
		ControllerStarted()
	s.Then().IsGood(evaluated).IsGood(released).IsGood(deleted)
	s.When().Applied(evaluated.As("v2")).Available("evaluated")
	s.Then().StateIs("evaluated", "Evaluating", "Baking")
	s.When().SetInRunningPods("evaluated", "HEALTH=fail")

	restartAPIServer(t, s)
	// The pod of "new" never becomes ready: if its rollout were complete, it could be presumed good.
	unready := scenario.NewApp("new", "v1").Guarded("web").
		Edit(scenario.ReadinessProbe("/ready")).Env("READY", "fail")
	s.When().Applied(released.As("v2").Env("HEALTH", "fail")).
		Applied(unready).
		Deleted("deleted")

	s.Then().IsRestoredAndVerified(evaluated).
		TemplateChangedBy("evaluated", "user", "lastgood").
		IsRestoredAndVerified(released).
		TemplateChangedBy("released", "user", "lastgood").
		StateIs("new", "Evaluating", "RollingOut").
		MetricIs("lastgood_guarded_deployments", 3)
}

func restartAPIServer(t *testing.T, s *scenario.Scenario) {
	t.Helper()
	local, err := cluster.Open(s.Cluster.Layout.Dir, io.Discard)
	if err == nil {
		err = local.RestartAPIServer()
	}
	if err != nil {
		t.Fatal(err)
	}
}
