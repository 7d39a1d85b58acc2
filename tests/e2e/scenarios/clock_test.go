// The clock of the controller differs from those of the API server and of the nodes.
package scenarios

import (
	"testing"
	"time"

	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

// A container without a readiness probe counts only after its start-up allowance, which must not
// depend on the difference between the clocks. "slow" listens 20 s after its start.
func TestRollsBackOnlyBadReleasesWithAWrongClock(t *testing.T) {
	scenario.OnlyLong(t)
	const startDelay = "20"
	for offset, name := range map[string]string{"+3600": "an hour ahead", "-3600": "an hour behind"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// The certificates of the proxy are valid at all of these times.
			s, _ := scenario.NewBehindProxy(t)
			s.ClockOffset(offset)
			web := scenario.NewApp("web", "v1")
			slow := web.Named("slow")
			s.Given().Policy("web", slowStartPolicy).ControllerStarted().
				PresumedGoodUnder("web", web, slow)
			began := time.Now()
			s.When().Applied(slow.As("v2").Env("START_DELAY", startDelay),
				web.As("v2").Env("HEALTH", "fail"))
			expectOneRollback(s)
			t.Logf("restored and verified %.1f s after the release", time.Since(began).Seconds())
			s.Then().CheckIs("slow", "health", "Pass", "Passed").HasRollbackObjects("slow", 0).
				TemplateChangedBy("slow", "user").LeaseIsKept()
		})
	}
}

// slowStartPolicy allows pods a minute for their start.
const slowStartPolicy = firstFailureLongBake + `
startupGrace: 1m
`
