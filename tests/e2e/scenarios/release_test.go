// A release, from the change of the template to its verdict; and which revision is the target.
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
	s.Given().Policy("web", withLongTimeout(longBakePolicy)).PresumedGoodUnder("web", v1)
	s.When().Applied(v1.As("v2")).Available("web")
	s.Then().StateIs("web", "Evaluating", "Baking")
	s.When().SetInRunningPods("web", "HEALTH=fail")
	s.Then().IsRestoredAndVerified(v1).CausedByCheck("web", "health", "WrongStatus").
		TemplateChangedBy("web", "user", "lastgood").PatchWasDryRunFirst("web").
		EventsAre("web", "PresumedGood", "ReleaseSeen", "CheckFailing", "CheckBreached",
			"RollbackStarted", "RolledBack", "RollbackVerified")
}

func TestRollsBackWhenHealthCheckFailsDuringTheRollout(t *testing.T) {
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1").Guarded("web").
		Edit(scenario.Replicas(3)).Edit(scenario.ReadinessProbe("/ready"))
	s.Given().Policy("web", noStartupGrace+withLongTimeout(quickPolicy)).Good(v1)
	s.When().Applied(v1.As("v2").Env("HEALTH", "fail").Env("READY", "fail"))
	s.Then().IsRestoredAndVerified(v1).CausedByCheck("web", "health", "WrongStatus").
		TemplateChangedBy("web", "user", "lastgood")
}

// For N failures and the interval P, the patch is acknowledged between (N-1)P and NP + timeout
// after the first failing probe.
func TestDetectsABreachInTime(t *testing.T) {
	const (
		interval, failures = time.Second, 4
		// If the first probe is late, the next probe follows after less than the interval.
		tolerance = 300 * time.Millisecond
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
	s.Then().IsRestored(v1).RecordsFailures("web", "health", failures)
	status := s.Then().LatestRollback("web").Status
	s.Then().TookAtLeast("the patch after the first failing probe",
		status.TemplateRestored.Sub(*status.FirstFailure), (failures-1)*interval-tolerance)
}

// A good release becomes the target of later rollbacks; a bad release never does.
//
//	v1 good    v2 good    v3 bad -> v2    v4 bad -> v2
func TestRollsBackToTheLastGoodRevisionAfterASecondBadRelease(t *testing.T) {
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1").Guarded("web")
	v2, v3 := v1.As("v2"), v1.As("v3").Env("HEALTH", "fail")
	v4 := v1.As("v4").Env("HEALTH", "close").Edit(scenario.SchedulingGate)
	s.Given().Policy("web", noStartupGrace+withLongTimeout(quickPolicy)).Good(v1)
	s.When().Applied(v2)
	s.Then().IsGood(v2).VerdictIs("web", "Good")
	s.When().Applied(v3)
	s.Then().IsRestoredAndVerified(v2)
	s.When().Applied(v4)
	s.Then().BaselinePassedBeforeRelease("web", "health")
	s.When().Scheduled("web")
	s.Then().HasRollbacks("web", 2).IsRestoredAndVerified(v2).
		CausedByCheck("web", "health", "ConnectionClosed").
		TemplateChangedBy("web", "user", "user", "lastgood", "user", "lastgood").
		HasEvent("web", "ReleaseGood", "revision 2")
}

// The Event ReleaseSeen has this text only if the template was rolled back before.
const rolledBackBefore = "rolled back before"

func TestEvaluatesABadTemplateAgainWhenAUserAppliesItAgain(t *testing.T) {
	t.Parallel()
	t.Run("rolls back again while it is bad", func(t *testing.T) {
		s := scenario.New(t)
		v1 := scenario.NewApp("web", "v1").Guarded("web")
		bad := v1.As("v2").Env("HEALTH", "fail")
		s.Given().Policy("web", quickPolicy).Good(v1)
		s.When().Applied(bad)
		s.Then().IsRestoredAndVerified(v1)
		s.When().Applied(bad)
		s.Then().HasRollbacks("web", 2).IsRestoredAndVerified(v1).
			TemplateChangedBy("web", "user", "lastgood", "user", "lastgood")
	})
	t.Run("is good after a user has created the missing ConfigMap", func(t *testing.T) {
		s := scenario.New(t)
		v1 := scenario.NewApp("web", "v1").Guarded("web")
		incomplete := v1.As("v2").Edit(scenario.EnvFromConfigMap("settings"))
		s.Given().Policy("web", quickPolicy).Good(v1)
		s.When().Applied(incomplete)
		s.Then().IsRestoredAndVerified(v1).CausedByCheck("web", "rollout", "ConfigError")
		s.When().ConfigMap("settings", map[string]string{"color": "blue"}).Applied(incomplete)
		s.Then().IsGood(incomplete).TemplateChangedBy("web", "user", "lastgood", "user").
			HasEvent("web", "ReleaseSeen", rolledBackBefore)
	})
}

func TestRollsBackWhenTheHistoryLimitHasRemovedTheReplicaSet(t *testing.T) {
	s := scenario.New(t)
	withoutHistory := func(d *apps.Deployment) { d.Spec.RevisionHistoryLimit = new(int32) }
	v1 := scenario.NewApp("web", "v1").Edit(withoutHistory)
	s.Given().Policy("web", longBakePolicy).PresumedGoodUnder("web", v1)
	s.When().Applied(v1.As("v2")).Available("web")
	s.Then().HasReplicaSets("web", 1)
	s.When().SetInRunningPods("web", "HEALTH=fail")
	s.Then().IsRestoredAndVerified(v1).TemplateChangedBy("web", "user", "lastgood")
}

// The user deletes the ReplicaSet of the release, and the Deployment controller creates it again
// with another UID.
func TestRollsBackWhenTheReplicaSetWasDeletedDuringTheBake(t *testing.T) {
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1")
	s.Given().Policy("web", withLongTimeout(longBakePolicy)).PresumedGoodUnder("web", v1)
	s.When().Applied(v1.As("v2")).Available("web")
	s.Then().StateIs("web", "Evaluating", "Baking").CheckIs("web", "health", "Pass", "Passed")
	s.When().ReplicaSetDeleted("web").Available("web").HealthRequestsPassed(v1.As("v2"), 2)
	s.Then().StateIs("web", "Evaluating", "Baking").HasNoControllerWrites("web")
	s.When().SetInRunningPods("web", "HEALTH=fail")
	s.Then().IsRestoredAndVerified(v1).CausedByCheck("web", "health", "WrongStatus").
		TemplateChangedBy("web", "user", "lastgood")
}

// Two of three probes fail, so there are never three consecutive failures.
func TestRollsBackWhenTwoOfThreeProbesFail(t *testing.T) {
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1")
	s.Given().Policy("web", `
bakeTime: 40s
checks:
- name: health
  http: {port: 8080, path: /health, timeout: 500ms}
  interval: 1s
  failureThreshold: 3
rollback: {verifyFor: 2s, cooldown: 0s}
`).PresumedGoodUnder("web", v1)
	s.When().Applied(v1.As("v2").Env("HEALTH_FAIL_RATIO", "0.6667"))
	s.Then().IsRestored(v1).TemplateChangedBy("web", "user", "lastgood")
}

func TestRollsBackADeploymentWithStrategyRecreate(t *testing.T) {
	s := scenario.New(t)
	recreate := func(d *apps.Deployment) {
		d.Spec.Strategy.Type = apps.RecreateDeploymentStrategyType
	}
	v1 := scenario.NewApp("web", "v1").Guarded("web").Edit(recreate)
	s.Given().Policy("web", quickPolicy).Good(v1)
	s.When().Applied(v1.As("v2").Env("HEALTH", "503"))
	s.Then().IsRestoredAndVerified(v1).TemplateChangedBy("web", "user", "lastgood")
}

func TestForgetsRevisionsWhenADeploymentIsRecreated(t *testing.T) {
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1").Guarded("web")
	s.Given().Policy("web", quickPolicy).Good(v1)
	oldGuard, _ := s.Guard(context.Background(), "web")
	s.When().Deleted("web").
		Applied(v1.As("v2").Env("HEALTH", "fail").Edit(scenario.SchedulingGate))
	startUnderEvaluation(s, "web")
	s.Then().StateIs("web", "Held", "NoLastGood").HasNoControllerWrites("web")
	s.When().SetInRunningPods("web", "HEALTH=ok")
	s.Then().IsGood(v1.As("v2"))
	newGuard, _ := s.Guard(context.Background(), "web")
	if oldGuard.Status.DeploymentUID == newGuard.Status.DeploymentUID ||
		len(newGuard.Status.Revisions) != 1 {
		t.Errorf("the guard of the new Deployment has data of the old one: %+v", newGuard.Status)
	}
}

func TestHoldsWithoutALastGoodRevision(t *testing.T) {
	s := scenario.New(t)
	bad := scenario.NewApp("web", "v1").Guarded("web").Env("HEALTH", "fail").
		Edit(scenario.SchedulingGate)
	s.Given().Policy("web", quickPolicy).Applied(bad)
	startUnderEvaluation(s, "web")
	s.Then().IsHeld("web", "NoLastGood", "Check health is breached", "2 of 2 consecutive failures",
		"has not passed for any revision", "RollbackPolicy/web").HasNoControllerWrites("web")
	s.When().SetInRunningPods("web", "HEALTH=ok")
	s.Then().IsGood(bad).HasEvent("web", "BreachEnded")
}
