// A release from the change of the template to its verdict, and the target of a rollback.
package scenarios

import (
	"context"
	"testing"
	"time"

	apps "k8s.io/api/apps/v1"

	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

func TestRollsBackWhenHealthCheckFailsAfterTheRollout(t *testing.T) {
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1")
	s.Given().Policy("web", longPolicy).PresumedGood("web", v1)
	s.When().Applied(v1.As("v2")).Available("web")
	s.Then().StateIs("web", "Evaluating", "Baking")
	s.When().KnobSet("HEALTH=fail", "web")
	s.Then().IsRolledBackAndVerified(v1).CausedByCheck("web", "health", "WrongStatus").
		TemplateChangedBy("web", "user", "lastgood").PatchWasDryRunFirst("web").
		EventsAre("web", "PresumedGood", "ReleaseSeen", "CheckFailing", "CheckBreached",
			"RollbackStarted", "RolledBack", "RollbackVerified")
}

func TestRollsBackWhenHealthCheckFailsDuringTheRollout(t *testing.T) {
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1").Guarded("web").
		Edit(scenario.Replicas(3)).Edit(scenario.ReadinessProbe("/ready"))
	s.Given().Policy("web", quickPolicy).Good(v1)
	s.When().Applied(v1.As("v2").Env("HEALTH", "fail").Env("READY", "fail"))
	s.Then().IsRolledBackAndVerified(v1).CausedByCheck("web", "health", "WrongStatus").
		TemplateChangedBy("web", "user", "lastgood")
}

// The time from the first failing probe to the acknowledged patch is (N-1)P to NP + timeout, for N
// failures and the interval P. On a loaded machine each probe may start later, which moves the
// next ones.
func TestDetectsABreachInTime(t *testing.T) {
	const (
		interval, failures = time.Second, 4
		timeout            = 500 * time.Millisecond
		tolerance          = 300 * time.Millisecond
	)
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1").Guarded("web")
	s.Given().Policy("web", `
bakeTime: 3s
checks:
- name: health
  http: {port: 8080, path: /health, timeout: 500ms}
  interval: 1s
  failureThreshold: 4
rollback: {verifyFor: 1s}
`).Good(v1)
	s.When().Applied(v1.As("v2").Env("HEALTH", "fail"))
	s.Then().IsRolledBack(v1)
	status := s.Then().LatestRollback("web").Status
	s.Then().Between("the patch after the first failing probe",
		status.TemplateRestored.Sub(*status.FirstFailure),
		(failures-1)*interval-tolerance, failures*interval+timeout)
}

// A good release becomes the target; a bad one never does.
//
//	v1 good    v2 good    v3 bad -> v2    v4 bad -> v2
func TestRollsBackToTheLastGoodRevisionAfterASecondBadRelease(t *testing.T) {
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1").Guarded("web")
	v2, v3 := v1.As("v2"), v1.As("v3").Env("HEALTH", "fail")
	v4 := v1.As("v4").Env("HEALTH", "close")
	s.Given().Policy("web", quickPolicy).Good(v1)
	s.When().Applied(v2)
	s.Then().IsGood(v2).VerdictIs("web", "Good")
	s.When().Applied(v3)
	s.Then().IsRolledBackAndVerified(v2)
	s.When().Applied(v4)
	s.Then().HasRollbacks("web", 2).IsRolledBackAndVerified(v2).
		CausedByCheck("web", "health", "ConnectionClosed").
		TemplateChangedBy("web", "user", "user", "lastgood", "user", "lastgood").
		HasEvent("web", "ReleaseGood", "revision 2")
}

// rolledBackBefore is the only part of the Event ReleaseSeen that tells a template that was rolled
// back from a new one.
const rolledBackBefore = "rolled back before"

func TestEvaluatesABadTemplateAgainWhenAUserAppliesItAgain(t *testing.T) {
	t.Parallel()
	t.Run("rolls back again while it is bad", func(t *testing.T) {
		s := scenario.New(t)
		v1 := scenario.NewApp("web", "v1").Guarded("web")
		bad := v1.As("v2").Env("HEALTH", "fail")
		s.Given().Policy("web", quickPolicy).Good(v1)
		s.When().Applied(bad)
		s.Then().IsRolledBackAndVerified(v1)
		s.When().Applied(bad)
		s.Then().HasRollbacks("web", 2).IsRolledBackAndVerified(v1).
			TemplateChangedBy("web", "user", "lastgood", "user", "lastgood")
	})
	t.Run("is good when the missing ConfigMap exists", func(t *testing.T) {
		s := scenario.New(t)
		v1 := scenario.NewApp("web", "v1").Guarded("web")
		incomplete := v1.As("v2").Edit(scenario.EnvFromConfigMap("settings"))
		s.Given().Policy("web", quickPolicy).Good(v1)
		s.When().Applied(incomplete)
		s.Then().IsRolledBackAndVerified(v1).CausedByCheck("web", "rollout", "ConfigError")
		s.When().ConfigMap("settings", map[string]string{"color": "blue"}).Applied(incomplete)
		s.Then().IsGood(incomplete).TemplateChangedBy("web", "user", "lastgood", "user").
			HasEvent("web", "ReleaseSeen", rolledBackBefore)
	})
}

func TestRollsBackWhenTheHistoryLimitHasRemovedTheReplicaSet(t *testing.T) {
	s := scenario.New(t)
	withoutHistory := func(d *apps.Deployment) { d.Spec.RevisionHistoryLimit = new(int32) }
	v1 := scenario.NewApp("web", "v1").Edit(withoutHistory)
	s.Given().Policy("web", longPolicy).PresumedGood("web", v1)
	s.When().Applied(v1.As("v2")).Available("web")
	s.Then().HasReplicaSets("web", 1)
	s.When().KnobSet("HEALTH=fail", "web")
	s.Then().IsRolledBackAndVerified(v1).TemplateChangedBy("web", "user", "lastgood")
}

func TestRollsBackADeploymentWithStrategyRecreate(t *testing.T) {
	s := scenario.New(t)
	recreate := func(d *apps.Deployment) {
		d.Spec.Strategy.Type = apps.RecreateDeploymentStrategyType
	}
	v1 := scenario.NewApp("web", "v1").Guarded("web").Edit(recreate)
	s.Given().Policy("web", quickPolicy).Good(v1)
	s.When().Applied(v1.As("v2").Env("HEALTH", "503"))
	s.Then().IsRolledBackAndVerified(v1).TemplateChangedBy("web", "user", "lastgood")
}

func TestForgetsRevisionsWhenADeploymentIsRecreated(t *testing.T) {
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1").Guarded("web")
	s.Given().Policy("web", quickPolicy).Good(v1)
	first, _ := s.Guard(context.Background(), "web")
	s.When().Deleted("web").Applied(v1.As("v2").Env("HEALTH", "fail"))
	s.Then().StateIs("web", "Held", "NoLastGood").IsUntouched("web")
	s.When().KnobSet("HEALTH=ok", "web")
	s.Then().IsGood(v1.As("v2"))
	second, _ := s.Guard(context.Background(), "web")
	if first.Status.DeploymentUID == second.Status.DeploymentUID ||
		len(second.Status.Revisions) != 1 {
		t.Errorf("the guard of the new Deployment has data of the old one: %+v", second.Status)
	}
}

func TestHoldsWithoutALastGoodRevision(t *testing.T) {
	s := scenario.New(t)
	bad := scenario.NewApp("web", "v1").Guarded("web").Env("HEALTH", "fail")
	s.Given().Policy("web", quickPolicy).Applied(bad)
	s.Then().IsHeld("web", "NoLastGood").IsUntouched("web")
	s.When().KnobSet("HEALTH=ok", "web")
	s.Then().IsGood(bad).HasEvent("web", "BreachEnded")
}
