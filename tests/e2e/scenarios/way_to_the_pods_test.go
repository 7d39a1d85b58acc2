// The way from the controller to the pods: a controller that is stopped, or that a network policy
// blocks, knows nothing about a release. Each scenario has its own controller.
package scenarios

import (
	"testing"
	"time"

	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

// A probe begins every second, and its response comes after 0.5 s. So 0.6 s after a response, the
// next probe waits for its response, and the stop interrupts it. A single failure would be a
// breach.
func TestDoesNothingWhenTheControllerStopsDuringProbes(t *testing.T) {
	const (
		stops, duration = 5, 3 * time.Second
		untilNextProbe  = 600 * time.Millisecond
	)
	s := scenario.NewWithOwnController(t)
	v1 := scenario.NewApp("web", "v1").Env("HEALTH_DELAY", "0.5")
	s.Given().Policy("web", `
bakeTime: 10m
checks:
- name: health
  http: {port: 8080, path: /health, timeout: 900ms}
  interval: 1s
  failureThreshold: 1
rollback: {verifyFor: 2s, cooldown: 0s}
`).ControllerStarted().PresumedGoodUnder("web", v1)
	s.When().Applied(v1.As("v2")).Available("web")
	s.Then().StateIs("web", "Evaluating", "Baking").CheckIs("web", "health", "Pass", "Passed")
	for range stops {
		s.When().MoreHealthRequestsPassed(v1.As("v2"), 2).TimePassed(untilNextProbe)
		s.Process.StopFor(duration)
	}
	s.When().MoreHealthRequestsPassed(v1.As("v2"), 2)
	s.Then().StateIs("web", "Evaluating", "Baking").HasNoControllerWrites("web").
		CheckIs("web", "health", "Pass", "Passed")
	s.When().SetInRunningPods("web", "HEALTH=fail")
	s.Then().IsRestored(v1).TemplateChangedBy("web", "user", "lastgood")
}

// A new NetworkPolicy admits kubelet, and drops the packets of the controller.
func TestReportsProbeBlockedWhenKubeletsProbePasses(t *testing.T) {
	s := scenario.NewWithOwnController(t)
	v1 := scenario.NewApp("web", "v1").Edit(scenario.ReadinessProbe("/health"))
	s.Given().Policy("web", longBakePolicy).ControllerStarted().PresumedGoodUnder("web", v1)
	s.When().Applied(v1.As("v2")).Available("web")
	s.Then().StateIs("web", "Evaluating", "Baking").CheckIs("web", "health", "Pass", "Passed")
	unblock := s.When().ControllerBlocked("web")
	s.Then().CheckIs("web", "health", "Unknown", "ProbeBlocked").
		CheckMentions("web", "health", "NetworkPolicy")
	unblock()
	s.Then().CheckIs("web", "health", "Pass", "Passed").
		StateIs("web", "Evaluating", "Baking").HasRollbackObjects("web", 0).
		HasNoControllerWrites("web").TemplateChangedBy("web", "user")
}
