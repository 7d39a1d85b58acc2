// Cases in which the controller must do nothing. In most cases, a twin that may be rolled back gets
// a bad release at the same time. After the rollback of the twin, the controller has had the time
// to act, and the audit log shows that it did not.
package scenarios

import (
	"testing"
	"time"

	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

const pauseUntilKey = "lastgood.dev/pause-until"

func TestDoesNothingWhileADeploymentIsScaledToZero(t *testing.T) {
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1").Guarded("web")
	twin := v1.Named("twin")
	s.Given().Policy("web", quickPolicy).Good(v1, twin)
	s.When().Applied(v1.As("v2").Env("HEALTH", "fail").Edit(scenario.Replicas(0))).
		Applied(twin.As("v2").Env("HEALTH", "fail"))
	s.Then().StateIs("web", "Evaluating", "ScaledToZero").
		IsRestoredAndVerified(twin).
		StateIs("web", "Evaluating", "ScaledToZero").
		HasNoControllerWrites("web").TemplateChangedBy("web", "user")
	s.When().Scaled("web", 1)
	s.Then().IsRestored(v1)
}

func TestDoesNothingWhileADeploymentIsPaused(t *testing.T) {
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1")
	twin := v1.Named("twin")
	s.Given().Policy("web", longBakePolicy).PresumedGoodUnder("web", v1, twin)
	s.When().Applied(v1.As("v2"), twin.As("v2")).Available("web").Available("twin")
	s.Then().StateIs("web", "Evaluating", "Baking").StateIs("twin", "Evaluating", "Baking")
	s.When().Paused("web").
		SetInRunningPods("web", "HEALTH=fail").SetInRunningPods("twin", "HEALTH=fail")
	s.Then().StateIs("web", "Held", "DeploymentPaused").
		HasEvent("web", "RollbackHeld", "DeploymentPaused", "kubectl rollout resume").
		IsRestoredAndVerified(twin).
		HasNoControllerWrites("web").TemplateChangedBy("web", "user")
	s.When().Unpaused("web")
	s.Then().IsRestored(v1).TemplateChangedBy("web", "user", "lastgood")
}

func TestDoesNothingWhileThePolicyIsSuspended(t *testing.T) {
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1").Guarded("web")
	twin := v1.Named("twin").Guarded("twins")
	s.Given().Policy("web", quickPolicy).Policy("twins", quickPolicy).Good(v1, twin)
	s.When().Policy("web", "suspend: true"+quickPolicy)
	s.Then().HasCondition("web", "Governed", "True", "Suspended", "RollbackPolicy/web").
		HasEvent("web", "Suspended", "RollbackPolicy/web").
		StateIs("web", "Idle", "Suspended").
		HasCondition("web", "Ready", "True", "Suspended", "RollbackPolicy/web", "spec.suspend")
	s.When().Applied(v1.As("v2").Env("HEALTH", "fail")).
		Applied(twin.As("v2").Env("HEALTH", "fail"))
	s.Then().IsRestoredAndVerified(twin).
		StateIs("web", "Evaluating", "Suspended").
		HasNoControllerWrites("web").TemplateChangedBy("web", "user")
	s.When().Policy("web", quickPolicy)
	s.Then().IsRestored(v1)
}

// While a pod may be starting, refused connections do not count as failures. The policy of the twin
// allows no time for the start.
func TestDoesNothingWhileAnApplicationStartsSlowly(t *testing.T) {
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1").Guarded("web").Edit(scenario.ReadinessProbe("/ready"))
	twin := scenario.NewApp("twin", "v1").Guarded("strict")
	s.Given().Policy("web", quickPolicy).Policy("strict", noStartupGrace+quickPolicy).Good(v1, twin)
	s.When().Applied(v1.As("v2").Env("START_DELAY", "10").Edit(scenario.SchedulingGate),
		twin.As("v2").Env("START_DELAY", "10").Edit(scenario.SchedulingGate))
	s.Then().BaselinePassedBeforeRelease("web", "health").
		BaselinePassedBeforeRelease("twin", "health")
	s.When().Scheduled("web").Scheduled("twin")
	s.Then().IsRestoredAndVerified(twin).
		IsGood(v1.As("v2")).HasNoControllerWrites("web").TemplateChangedBy("web", "user")
}

// A registry that is unavailable is not the fault of the release. The twin has an image that does
// not exist, which is its fault.
func TestDoesNothingWhileTheRegistryIsUnavailable(t *testing.T) {
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1")
	twin := v1.Named("twin")
	s.Given().Policy("web", "{}").PresumedGoodUnder("web", v1, twin)
	s.When().Applied(v1.As("v2").Image(scenario.UnavailableRegistry(t)+"/demo-app:v2"),
		twin.As("v2").Image(scenario.EmptyRegistry(t)+"/demo-app:v2"))
	s.Then().IsRestored(twin).CausedByCheck("twin", "rollout", "ImagePull").
		StateIs("web", "Evaluating", "RollingOut").
		CheckIs("web", "rollout", "Unknown", "RegistryUnavailable").
		HasCondition("web", "Reconciling", "True", "RollingOut", "Check rollout has no result",
			"RegistryUnavailable").
		HasNoControllerWrites("web").TemplateChangedBy("web", "user")
}

func TestDoesNothingUntilPauseUntilIsRemoved(t *testing.T) {
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1").Guarded("web")
	twin := v1.Named("twin")
	until := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	s.Given().Policy("web", quickPolicy).Good(v1, twin)
	s.When().Annotated("web", pauseUntilKey, until).
		Applied(v1.As("v2").Env("HEALTH", "fail")).
		Applied(twin.As("v2").Env("HEALTH", "fail"))
	s.Then().IsHeld("web", "PausedUntil", pauseUntilKey, until).
		IsRestoredAndVerified(twin).
		StateIs("web", "Held", "PausedUntil").HasRollbackObjects("web", 0).
		HasNoControllerWrites("web").TemplateChangedBy("web", "user")
	s.When().Annotated("web", pauseUntilKey, "")
	s.Then().IsRestoredAndVerified(v1).TemplateChangedBy("web", "user", "lastgood")
}

func TestRollsBackWhenPauseUntilHasPassed(t *testing.T) {
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1").Guarded("web")
	s.Given().Policy("web", quickPolicy).Good(v1)
	// The breach must come before that time, also on a slow machine.
	until := time.Now().Add(time.Minute).UTC().Truncate(time.Second)
	s.When().Annotated("web", pauseUntilKey, until.Format(time.RFC3339)).
		Applied(v1.As("v2").Env("HEALTH", "fail"))
	s.Then().IsHeld("web", "PausedUntil", until.Format(time.RFC3339)).
		TemplateChangedBy("web", "user").
		IsRestoredAndVerified(v1).TemplateChangedBy("web", "user", "lastgood")
	restored := s.Then().LatestRollback("web").Status.TemplateRestored
	s.Then().TookAtLeast("the patch after the time of pause-until", restored.Sub(until), 0)
}

// A check without a result proves nothing, so the release is neither good nor bad.
func TestDoesNothingWhenACheckReturnsNoResult(t *testing.T) {
	t.Parallel()
	for name, http := range map[string]string{
		"a name that does not resolve":  `{url: "http://no-such-service.scenario.example:8080/"}`,
		"a Service that does not exist": `{service: gone, port: 8080, path: /health}`,
	} {
		t.Run(name, func(t *testing.T) {
			s := scenario.New(t)
			v1 := scenario.NewApp("web", "v1").Guarded("web")
			s.Given().Policy("web", quickPolicy).Good(v1)
			s.When().
				Policy("web", `
bakeTime: 3s
checks: [{name: health, interval: 1s, failureThreshold: 1, http: `+http+`}]
`).
				Applied(v1.As("v2").Env("HEALTH", "fail"))
			s.Then().VerdictIs("web", "Inconclusive").StateIs("web", "Idle", "Inconclusive").
				HasEvent("web", "ReleaseInconclusive", "health").
				HasNoControllerWrites("web").TemplateChangedBy("web", "user")
		})
	}
}
