// Drills do every step of a rollback except the write. This file also tests what a Rollback
// reports, and how many Rollbacks are retained.
package scenarios

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

func TestDrillDoesEveryStepExceptTheWrite(t *testing.T) {
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1").Guarded("web")
	s.Given().
		Policy("web", quickPolicyWithoutRollback+"rollback: {verifyFor: 1s, drill: {afterGood: true}}").
		Good(v1)
	s.When().Applied(v1.As("v2"))
	s.Then().IsGood(v1.As("v2")).HasDrill("web")
	guard, _ := s.Guard(context.Background(), "web")
	expectDrillPassed(s, s.Rollback(guard.Status.LastDrill.Rollback))

	s.When().RollbackRequested("rehearsal", "{deployment: web, drill: true}")
	s.Then().RollbackIs("rehearsal", "Succeeded", "revision 1")
	expectDrillPassed(s, s.Rollback("rehearsal"))
	s.Then().HasDrillOf("web", "rehearsal").
		HasNoControllerWrites("web").TemplateChangedBy("web", "user").
		StateIs("web", "Idle", "Good")
	guard, _ = s.Guard(context.Background(), "web")
	if last := guard.Status.LastDrill; !last.Passed {
		t.Errorf("the guard's last drill is %+v; want passed", last)
	}
}

// expectDrillPassed expects a drill that succeeded under the policy quickPolicyWithoutRollback. Its
// time to detect is 2 failures x 1 s interval + 500 ms timeout.
func expectDrillPassed(s *scenario.Scenario, drill scenario.Rollback) {
	s.T.Helper()
	const timeToDetect, maxTimeToAct = 2500 * time.Millisecond, 5 * time.Second
	status := drill.Status
	detect, detectErr := time.ParseDuration(status.TimeToDetect)
	act, actErr := time.ParseDuration(status.TimeToAct)
	isDetectRight := detectErr == nil && detect == timeToDetect
	isActRight := actErr == nil && act > 0 && act < maxTimeToAct
	if status.Phase != "Succeeded" || !drill.Spec.Drill || !isDetectRight || !isActRight {
		s.T.Errorf("drill %s: phase %s, time to detect %q, time to act %q; %s",
			drill.Metadata.Name, status.Phase, status.TimeToDetect, status.TimeToAct,
			status.Message)
	}
}

// The first drill is due when the policy requires drills, and the next drill one period later. The
// rollback of a twin shows that there was enough time for a second drill.
func TestDrillsOncePerPeriod(t *testing.T) {
	const everyHour = "rollback: {verifyFor: 1s, cooldown: 0s, drill: {every: 1h}}"
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1").Guarded("hourly")
	twin := v1.Named("twin").Guarded("web")
	s.Given().Policy("hourly", quickPolicyWithoutRollback).Policy("web", quickPolicy).Good(v1, twin)
	s.When().Applied(v1.As("v2"))
	s.Then().IsGood(v1.As("v2")).HasRollbackObjects("web", 0)
	policyChanged := time.Now()
	s.When().Policy("hourly", quickPolicyWithoutRollback+everyHour)
	s.Then().HasDrill("web")
	guard, _ := s.Guard(context.Background(), "web")
	last := guard.Status.LastDrill
	expectDrillPassed(s, s.Rollback(last.Rollback))
	const clockTolerance = time.Second
	s.Then().TookAtLeast("the drill after the change of the policy", last.At.Sub(policyChanged),
		-clockTolerance)
	s.When().Applied(twin.As("v2").Env("HEALTH", "fail"))
	s.Then().IsRestoredAndVerified(twin).
		HasRollbackObjects("web", 1).HasRollbackObjects("twin", 1).
		HasNoControllerWrites("web").TemplateChangedBy("web", "user")
}

func TestDrillFailsWhenTheTargetsConfigMapIsMissing(t *testing.T) {
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1").Edit(scenario.EnvFromConfigMap("settings"))
	s.Given().Policy("web", longBakePolicy).
		ConfigMap("settings", map[string]string{"color": "blue"}).
		PresumedGoodUnder("web", v1)
	s.When().ConfigMapDeleted("settings").
		Applied(scenario.NewApp("web", "v2")).Available("web")
	s.Then().HasCondition("web", "RollbackReady", "False", "MissingReference")
	s.When().RollbackRequested("rehearsal", "{deployment: web, drill: true}")
	s.Then().RollbackIs("rehearsal", "Failed", "MissingReference", "ConfigMap settings").
		HasDrill("web").HasNoControllerWrites("web")
	guard, _ := s.Guard(context.Background(), "web")
	if last := guard.Status.LastDrill; last.Passed {
		t.Errorf("the guard's last drill is %+v; want failed", last)
	}
}

func TestRollbackRecordsReleaseEvidenceChangesAndTimeline(t *testing.T) {
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1").Guarded("web")
	s.Given().Policy("web", quickPolicy).Good(v1)
	missing := scenario.EmptyRegistry(t) + "/demo-app:never-built"
	s.When().Applied(v1.As("v2").Image(missing))
	s.Then().IsRestoredAndVerified(v1).CausedByCheck("web", "rollout", "ImagePull")
	rollback := s.Then().LatestRollback("web")
	spec := rollback.Spec
	if spec.ReleasedBy != "kubectl" || spec.Released == nil ||
		spec.Policy != "RollbackPolicy/web" || spec.From.Number != 2 || spec.To.Number != 1 {
		t.Errorf("the release is recorded as %+v", spec)
	}
	isFailed := func(check scenario.Check) bool {
		return check.Name == "rollout" && check.Breached && check.LastFailure != nil &&
			strings.Contains(check.Message, "never-built")
	}
	if !slices.ContainsFunc(rollback.Status.Evidence, isFailed) {
		t.Errorf("the evidence is %+v", rollback.Status.Evidence)
	}
	isPassed := func(check scenario.Check) bool {
		return check.Name == "health" && check.Result == "Pass"
	}
	if !slices.ContainsFunc(rollback.Status.Verification, isPassed) {
		t.Errorf("the verification is %+v", rollback.Status.Verification)
	}
	var changes []string
	for _, change := range rollback.Status.Changes {
		changes = append(changes, change.Path+": "+change.From+" -> "+change.To)
	}
	want := fmt.Sprintf("spec.containers[app].image: %s -> %s", missing, demoImage)
	if !slices.Contains(changes, want) || len(changes) != 2 {
		t.Errorf("the changes are %q; want %q and the version", changes, want)
	}
	expectTimeline(t, rollback)
}

// expectTimeline expects at least four entries, sorted by time. The last entry has the time when
// the rollback finished.
func expectTimeline(t *testing.T, rollback scenario.Rollback) {
	t.Helper()
	timeline, finished := rollback.Status.Timeline, rollback.Status.Finished
	var times []time.Time
	for _, entry := range timeline {
		times = append(times, entry.Time)
	}
	isSorted := slices.IsSortedFunc(times, time.Time.Compare)
	if len(times) < 4 || !isSorted || finished == nil || !times[len(times)-1].Equal(*finished) {
		t.Errorf("the timeline is %+v; want 4 or more entries sorted by time, the last at %s",
			timeline, finished)
	}
}

// Drills and Rollbacks that changed the template are counted separately. The two Rollbacks here are
// older than every drill and are retained.
func TestRetainsTheNewestTwentyDrillsAndOlderRollbacks(t *testing.T) {
	const drills, retained = 24, 20
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1").Guarded("web")
	s.Given().Policy("web", quickPolicy).Good(v1)
	s.When().Applied(v1.As("v2").Env("HEALTH", "fail"))
	s.Then().IsRestoredAndVerified(v1)
	want := []string{s.Then().LatestRollback("web").Metadata.Name}
	s.When().Applied(v1.As("v3").Env("HEALTH", "fail"))
	s.Then().HasRollbacks("web", 2).IsRestoredAndVerified(v1)
	want = append(want, s.Then().LatestRollback("web").Metadata.Name)
	s.When().Applied(v1.As("v4"))
	s.Then().IsGood(v1.As("v4"))
	for i := range drills {
		name := fmt.Sprintf("rehearsal-%02d", i)
		s.When().RollbackRequested(name, "{deployment: web, drill: true}")
		s.Then().RollbackIs(name, "Succeeded")
		if i >= drills-retained {
			want = append(want, name)
		}
	}
	s.Then().AllRollbacksAre("web", want...).
		TemplateChangedBy("web", "user", "lastgood", "user", "lastgood", "user")
}
