// Each request to the API server takes long.
package scenarios

import (
	"testing"
	"time"

	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

func TestRollsBackOnceWithALatencyOf150Milliseconds(t *testing.T) {
	const latency = 150 * time.Millisecond
	s, proxy := scenario.NewBehindProxy(t)
	proxy.Delay(latency)
	app := scenario.NewApp("web", "v1")
	s.Given().Policy("web", firstFailureLongBake).ControllerStarted().
		PresumedGoodUnder("web", app)
	s.When().Applied(app.As("v2").Env("HEALTH", "fail"))
	expectOneRollback(s)
	s.Then().LeaseIsKept()
	rollback := s.Rollbacks(t.Context(), "web")[0]
	t.Logf("the template was restored %s after the decision",
		rollback.Status.TemplateRestored.Sub(*rollback.Spec.Detected))
}
