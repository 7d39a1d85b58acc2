// Limits of one Deployment: the cooldown between rollbacks, and the number of rollbacks after
// which a user is needed.
package scenarios

import (
	"context"
	"testing"
	"time"

	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

// quickPolicyWithoutRollback is quickPolicy without the settings of the rollback.
const quickPolicyWithoutRollback = `
bakeTime: 3s
checks:
- name: health
  http: {port: 8080, path: /health, expectedStatus: "200", timeout: 500ms}
  interval: 1s
  failureThreshold: 2
`

func TestWaitsForTheCooldownBeforeTheNextRollback(t *testing.T) {
	// The next breach must come before the cooldown ends, also on a slow machine.
	const cooldown = 2 * time.Minute
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1").Guarded("web")
	s.Given().Policy("web", quickPolicyWithoutRollback+"rollback: {verifyFor: 1s, cooldown: 2m}").
		Good(v1)
	s.When().Applied(v1.As("v2").Env("HEALTH", "fail"))
	s.Then().IsRestoredAndVerified(v1)
	first := s.Then().LatestRollback("web").Status.TemplateRestored
	s.When().Applied(v1.As("v3").Env("HEALTH", "fail"))
	s.Then().IsHeld("web", "Cooldown", first.UTC().Format(time.RFC3339),
		"cooldown 2m", endOfCooldown(s, cooldown), "create a Rollback").
		TemplateChangedBy("web", "user", "lastgood", "user")
	s.Then().HasRollbacks("web", 2).IsRestoredAndVerified(v1).
		TemplateChangedBy("web", "user", "lastgood", "user", "lastgood")
	second := s.Then().LatestRollback("web").Status.TemplateRestored
	s.Then().TookAtLeast("the time between the rollbacks", second.Sub(*first), cooldown)
}

// endOfCooldown returns the time of the next rollback in the format of the messages.
func endOfCooldown(s *scenario.Scenario, cooldown time.Duration) string {
	s.T.Helper()
	guard, _ := s.Guard(context.Background(), "web")
	if len(guard.Status.Rollbacks) != 1 {
		s.T.Fatalf("the guard counts the rollbacks %+v; want one", guard.Status.Rollbacks)
	}
	return guard.Status.Rollbacks[0].At.Add(cooldown).UTC().Format(time.RFC3339)
}

// There are three ways out of the freeze, and each needs a user.
func TestFreezesAtTheLimitUntilAUserActs(t *testing.T) {
	t.Parallel()
	const policy = quickPolicyWithoutRollback +
		"rollback: {verifyFor: 1s, cooldown: 0s, limit: {count: 1, within: 1h}}"
	v1 := scenario.NewApp("web", "v1").Guarded("web")
	expectSecondRollback := func(s *scenario.Scenario) {
		s.Then().HasEvent("web", "Resumed").HasRollbacks("web", 2).IsRestoredAndVerified(v1).
			TemplateChangedBy("web", "user", "lastgood", "user", "lastgood")
	}
	for name, act := range map[string]func(s *scenario.Scenario){
		"resumed by annotation": func(s *scenario.Scenario) {
			s.When().Resumed("web")
			expectSecondRollback(s)
		},
		"freeze removed from the status": func(s *scenario.Scenario) {
			s.When().FreezeRemoved("web")
			expectSecondRollback(s)
		},
		"new template released": func(s *scenario.Scenario) {
			s.When().Applied(v1.As("v4"))
			s.Then().IsGood(v1.As("v4")).
				TemplateChangedBy("web", "user", "lastgood", "user", "user")
			guard, _ := s.Guard(context.Background(), "web")
			if guard.Status.Freeze != nil {
				s.T.Errorf("the new template is still frozen: %+v", guard.Status.Freeze)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := scenario.New(t)
			s.Given().Policy("web", policy).Good(v1)
			s.When().Applied(v1.As("v2").Env("HEALTH", "fail"))
			s.Then().IsRestoredAndVerified(v1)
			s.When().Applied(v1.As("v3").Env("HEALTH", "fail"))
			s.Then().IsFrozen("web", "LimitReached", "check health is breached",
				"1 rollback within 1h (limit 1)", "does not end by itself", "lastgood.dev/resume").
				TemplateChangedBy("web", "user", "lastgood", "user")
			act(s)
		})
	}
}
