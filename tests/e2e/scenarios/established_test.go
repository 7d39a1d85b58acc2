// Established checks and baselines: a check that never passed, or that fails for the old revision
// too, rolls nothing back.
package scenarios

import (
	"testing"

	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

// The old revision fails one request at the moment of the bad release, and passes before and after.
func TestRollsBackWhenTheBaselineFailsOnceByChance(t *testing.T) {
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1").Guarded("web")
	s.Given().Policy("web", quickPolicy).Good(v1)
	s.When().SetInRunningPods("web", "HEALTH_FAIL_NEXT=1").
		Applied(v1.As("v2").Env("HEALTH", "fail"))
	s.Then().IsRestoredAndVerified(v1).CausedByCheck("web", "health", "WrongStatus").
		TemplateChangedBy("web", "user", "lastgood")
}
