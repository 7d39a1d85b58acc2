// The controller is killed or terminated during a rollback. Each scenario has its own controller.
// The controller in the cluster does not run yet; see scenario.NewWithOwnController.
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

// firstFailurePolicy has a breach at the first failure, so that a rollback needs few writes.
const firstFailurePolicy = `
bakeTime: 3s
checks:
- name: health
  http: {port: 8080, path: /health, timeout: 2s}
  interval: 2s
  failureThreshold: 1
rollback: {verifyFor: 1s}
`

var v1 = scenario.NewApp("web", "v1").Guarded("web")

// neverKill is a number that no write has, because writes are counted from 1.
const neverKill = 0

// The controller is killed before or after each write from the bad release to the end of its
// rollback, and is started again. The template must be restored once, as without a kill.
func TestRollsBackOnceWhenKilledBetweenAnyTwoWrites(t *testing.T) {
	var writes []string
	t.Run("not killed", func(t *testing.T) {
		s, proxy := scenario.NewBehindProxy(t)
		applyBadRelease(s, proxy, neverKill, scenario.BeforeWrite)
		expectOneRollback(s)
		writes = proxy.Writes()
	})
	if t.Failed() {
		t.Fatal("the rollback already fails without an interruption")
	}
	t.Run("killed", func(t *testing.T) {
		for index := range writes {
			t.Run(caseName("after", index, writes), func(t *testing.T) {
				t.Parallel()
				killAtWrite(t, index+1, scenario.AfterWrite)
			})
			// A kill before a write leaves the same objects as a kill after the previous write. One
			// case "before" for each kind of write is therefore enough.
			if slices.Index(writes, writes[index]) == index {
				t.Run(caseName("before", index, writes), func(t *testing.T) {
					t.Parallel()
					killAtWrite(t, index+1, scenario.BeforeWrite)
				})
			}
		}
	})
}

// Each start of the controller must do at least one step of the rollback before it is killed.
func TestRollsBackOnceWhenKilledAfterEveryStep(t *testing.T) {
	s, proxy := scenario.NewBehindProxy(t)
	const minKills, maxKills = 5, 20
	applyBadRelease(s, proxy, neverKill, scenario.AfterWrite)
	isDone := func() bool { return isRolledBack(s) }
	kills := 0
	for proxy.KillAfterNextStep(); kills < maxKills && proxy.AwaitFault(isDone); kills++ {
		proxy.KillAfterNextStep()
		s.Process.Start()
	}
	expectOneRollback(s)
	if kills < minKills || kills == maxKills {
		t.Errorf("the controller was killed %d times; want %d to %d", kills, minKills, maxKills-1)
	}
}

// killAtWrite kills the controller at the write with the number killAt, and starts it again.
func killAtWrite(t *testing.T, killAt int, timing scenario.Timing) {
	s, proxy := scenario.NewBehindProxy(t)
	applyBadRelease(s, proxy, killAt, timing)
	if !proxy.AwaitFault(func() bool { return isRolledBack(s) }) {
		t.Logf("the controller was not killed: this run had only %d writes", len(proxy.Writes()))
	}
	proxy.KillAt(neverKill, timing)
	s.Process.Start()
	expectOneRollback(s)
}

func applyBadRelease(s *scenario.Scenario, proxy *scenario.Proxy, killAt int,
	timing scenario.Timing) {
	s.T.Helper()
	s.Given().Policy("web", firstFailurePolicy).Running(v1).ControllerStarted()
	s.Then().IsGood(v1)
	proxy.KillAt(killAt, timing)
	s.When().Applied(v1.As("v2").Env("HEALTH", "fail"))
}

func isRolledBack(s *scenario.Scenario) bool {
	guard, _ := s.Guard(context.Background(), "web")
	rollbacks := s.Rollbacks(context.Background(), "web")
	return guard.Status.State == "Idle" && guard.Status.Reason == "RolledBack" &&
		len(rollbacks) > 0 && rollbacks[0].Status.Phase == "Succeeded"
}

func expectOneRollback(s *scenario.Scenario) {
	s.T.Helper()
	s.Then().IsRestoredAndVerified(v1).TemplateChangedBy("web", "user", "lastgood")
	all := s.Rollbacks(context.Background(), "web")
	if len(all) != 1 || all[0].Status.Phase != "Succeeded" {
		s.T.Errorf("there are %d Rollbacks; want one that succeeded: %+v", len(all), all)
	}
}

// caseName contains no "/", because Go separates the names of nested tests with it.
func caseName(when string, index int, writes []string) string {
	write := strings.NewReplacer("/", ".", " .", " ").Replace(writes[index])
	return fmt.Sprintf("%s write %02d %s", when, index+1, write)
}

// maxStopTime is the longest time that the controller may run after SIGTERM.
const maxStopTime = 2 * time.Second

func TestStopsAndReleasesTheLeaseOnSIGTERM(t *testing.T) {
	t.Run("while idle", func(t *testing.T) {
		t.Parallel()
		s := scenario.NewWithOwnController(t)
		s.Given().Policy("web", quickPolicy).Running(v1).ControllerStarted()
		s.Then().IsGood(v1)
		s.Process.Terminate()
		expectStopAndReleasedLease(s)
	})
	t.Run("while a health endpoint hangs", func(t *testing.T) {
		t.Parallel()
		s := scenario.NewWithOwnController(t)
		s.Given().Policy("web", `
bakeTime: 10m
checks: [{name: health, interval: 20s, http: {port: 8080, path: /health, timeout: 20s}}]
`).Running(v1).ControllerStarted()
		s.Then().IsGood(v1)
		s.When().Applied(v1.As("v2").Env("HEALTH", "hang"))
		s.Then().StateIs("web", "Evaluating", "Baking")
		// A request counts as failed when it begins to hang. It hangs for 20 s, which is longer than
		// maxStopTime.
		s.When().HealthRequestsFailed(v1.As("v2"), 1)
		s.Process.Terminate()
		expectStopAndReleasedLease(s)
	})
	t.Run("before the API server responds", func(t *testing.T) {
		t.Parallel()
		s, proxy := scenario.NewBehindProxy(t)
		proxy.Hang()
		s.Given().ControllerStarted()
		proxy.AwaitHangingRequest()
		s.Process.Terminate()
		expectStopInTime(s)
	})
	for _, write := range []string{
		"post rollbacks", "patch deployments /spec/template",
		"patch deployments /metadata/managedFields", "patch rollbacks/status",
	} {
		t.Run("during "+strings.ReplaceAll(write, "/", "."), func(t *testing.T) {
			t.Parallel()
			terminateDuringWrite(t, write)
		})
	}
}

// terminateDuringWrite sends SIGTERM to the controller during a write of the rollback. If the
// template is restored by then, its field owners must be restored too. The next controller
// completes the rollback.
func terminateDuringWrite(t *testing.T, write string) {
	s, proxy := scenario.NewBehindProxy(t)
	s.Given().Policy("web", firstFailurePolicy).Running(v1).ControllerStarted()
	s.Then().IsGood(v1)
	proxy.TerminateDuring(write)
	s.When().Applied(v1.As("v2").Env("HEALTH", "fail"))
	if !proxy.AwaitFault(func() bool { return isRolledBack(s) }) {
		t.Fatalf("there was no %q among the writes %q", write, proxy.Writes())
	}
	expectStopAndReleasedLease(s)
	if versionOf(s) == "v1" {
		s.Then().IsCleanUndo(v1)
	}
	s.Process.Start()
	expectOneRollback(s)
}

func expectStopAndReleasedLease(s *scenario.Scenario) {
	s.T.Helper()
	expectStopInTime(s)
	if holder := s.Process.Lease().Spec.HolderIdentity; holder != nil && *holder != "" {
		s.T.Errorf("%q still holds the Lease", *holder)
	}
}

func expectStopInTime(s *scenario.Scenario) {
	s.T.Helper()
	if code, took := s.Process.WaitStopped(); code != 0 || took > maxStopTime {
		s.T.Errorf("the controller ended with code %d after %s; want 0 within %s",
			code, took, maxStopTime)
	}
}

// versionOf returns the value of VERSION, the first variable of each App.
func versionOf(s *scenario.Scenario) string {
	deployment := s.Deployment(context.Background(), "web")
	return deployment.Spec.Template.Spec.Containers[0].Env[0].Value
}
