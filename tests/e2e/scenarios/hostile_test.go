// Hostile and broken health endpoints: a probe ends at its timeout, and other checks do not wait.
package scenarios

import (
	"testing"
	"time"

	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

// countedPagePolicy probes the page "/" every second; the test application counts the requests.
const countedPagePolicy = `
bakeTime: 10m
checks:
- {name: page, http: {port: 8080, path: /, timeout: 500ms}, interval: 1s, failureThreshold: 3}
`

// hostilePolicy has a timeout that only an endpoint that hangs exceeds, also on a slow machine.
const hostilePolicy = noStartupGrace + `
bakeTime: 3s
checks:
- name: health
  http: {port: 8080, path: /health, expectedStatus: "200", timeout: 3s}
  interval: 3s
  failureThreshold: 3
rollback: {verifyFor: 2s, cooldown: 0s}
`

// hostileBehaviors has the reason of the failed check for each value of HEALTH. The check passes
// for a flood, because its status is 200 and the body is not read.
var hostileBehaviors = map[string]string{
	"hang": "TimedOut", "flood": "", "garbage": "InvalidResponse", "redirect": "WrongStatus",
	"close": "ConnectionClosed", "refuse": "ConnectionRefused",
}

func TestRollsBackWhenAHealthEndpointIsHostile(t *testing.T) {
	const maxMemoryBytes = 32 << 20
	s := scenario.New(t)
	neighbor := scenario.NewApp("neighbor", "v1").Guarded("page").
		Edit(scenario.SchedulingGate)
	s.Given().Policy("web", hostilePolicy).Policy("page", countedPagePolicy)
	for name := range hostileBehaviors {
		s.Given().Applied(scenario.NewApp(name, "v1").Guarded("web"))
	}
	for name := range hostileBehaviors {
		s.Then().IsGood(scenario.NewApp(name, "v1"))
	}
	s.Given().Applied(neighbor)
	startUnderEvaluation(s, "neighbor")
	s.Then().StateIs("neighbor", "Evaluating", "Baking")
	servedBefore, began := s.RequestsServed("neighbor"), time.Now()
	for name := range hostileBehaviors {
		s.When().Applied(scenario.NewApp(name, "v2").Guarded("web").Env("HEALTH", name).
			Edit(scenario.SchedulingGate))
	}
	for name := range hostileBehaviors {
		s.Then().BaselinePassedBeforeRelease(name, "health")
		s.When().Scheduled(name)
	}
	for name, reason := range hostileBehaviors {
		expectOutcomeOfHostileRelease(s, name, reason)
	}
	seconds := time.Since(began).Seconds()
	rate := float64(s.RequestsServed("neighbor")-servedBefore) / seconds
	if rate < 0.9 || rate > 1.1 {
		t.Errorf("the neighbor was probed %.2f times a second; want about 1, by its interval", rate)
	}
	s.Then().StateIs("neighbor", "Evaluating", "Baking").MemoryIsAtMost(maxMemoryBytes)
}

func expectOutcomeOfHostileRelease(s *scenario.Scenario, name, reason string) {
	s.T.Helper()
	const (
		interval, failures = 3 * time.Second, 3
		// See TestDetectsABreachInTime.
		tolerance = 300 * time.Millisecond
	)
	if reason == "" {
		s.Then().IsGood(scenario.NewApp(name, "v2")).HasNoControllerWrites(name)
		return
	}
	s.Then().IsRestoredAndVerified(scenario.NewApp(name, "v1")).
		CausedByCheck(name, "health", reason).RecordsFailures(name, "health", failures)
	status := s.Then().LatestRollback(name).Status
	s.Then().TookAtLeast("the rollback of "+name,
		status.TemplateRestored.Sub(*status.FirstFailure), (failures-1)*interval-tolerance)
}
