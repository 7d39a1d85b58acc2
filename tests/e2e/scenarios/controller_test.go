// What becomes of a rollback when its controller is stopped in the middle. Each scenario has a controller of its own; the one
// in the cluster does not run yet (internal/story/story.go says why).
package scenarios

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"lastgood.dev/tests/e2e/scenarios/internal/story"
)

// Breached by the first failure, so that a life is short.
const atOnce = `
bakeTime: 3s
checks:
- name: health
  http: {port: 8080, path: /health, timeout: 2s}
  interval: 2s
  failureThreshold: 1
rollback: {verifyFor: 1s}
`

// Killed around each write from the bad release to the end of its rollback, and started again: the template is changed once,
// and the end is the same.
func TestAControllerThatIsKilledBetweenAnyTwoWritesRollsBackOnce(t *testing.T) {
	var writes []string
	t.Run("never", func(t *testing.T) {
		s, proxy := story.AloneBehindAProxy(t)
		shipABadRelease(s, proxy, 0, story.Before)
		endsWell(s)
		writes = proxy.Writes()
	})
	if t.Failed() {
		t.Fatal("the life of a rollback cannot be interrupted before it works without that")
	}
	t.Run("between", func(t *testing.T) {
		for at := range writes {
			t.Run(moment("after", at, writes), func(t *testing.T) {
				t.Parallel()
				interrupted(t, at+1, story.After)
			})
			// To a controller that starts again, before a write is after the one before it; so once for each kind of write is enough.
			if slices.Index(writes, writes[at]) == at {
				t.Run(moment("before", at, writes), func(t *testing.T) {
					t.Parallel()
					interrupted(t, at+1, story.Before)
				})
			}
		}
	})
}

// Killed after every single step of the rollback, again and again, it comes to the same end.
func TestAControllerThatIsKilledAfterEveryStepRollsBackOnce(t *testing.T) {
	s, proxy := story.AloneBehindAProxy(t)
	const least, most = 5, 20
	shipABadRelease(s, proxy, 0, story.After)
	kills := 0
	for proxy.KillAfterNextStep(); kills < most && proxy.AwaitStruck(func() bool { return ended(s) }); kills++ {
		proxy.KillAfterNextStep()
		s.Process.Start()
	}
	endsWell(s)
	if kills < least || kills == most {
		t.Errorf("it was killed %d times; want %d to %d: every start does the next step", kills, least, most)
	}
}

func interrupted(t *testing.T, at int, when story.Moment) {
	s, proxy := story.AloneBehindAProxy(t)
	shipABadRelease(s, proxy, at, when)
	if !proxy.AwaitStruck(func() bool { return ended(s) }) {
		t.Logf("this time there were only %d writes", len(proxy.Writes()))
	}
	proxy.KillAt(0, when)
	s.Process.Start()
	endsWell(s)
}

var v1 = story.NewApp("web", "v1").Guarded("web")

func shipABadRelease(s *story.Story, proxy *story.Proxy, at int, when story.Moment) {
	s.T.Helper()
	s.Given().Policy("web", atOnce).Running(v1).TheControllerRuns()
	s.Then().IsGood(v1)
	proxy.KillAt(at, when)
	s.When().Shipped(v1.As("v2").Env("HEALTH", "fail"))
}

func ended(s *story.Story) bool {
	guard, _ := s.ThisGuard(context.Background(), "web")
	rollbacks := s.Rollbacks(context.Background(), "web")
	return guard.Status.State == "Idle" && guard.Status.Reason == "RolledBack" && len(rollbacks) > 0 && rollbacks[0].Status.Phase == "Succeeded"
}

func endsWell(s *story.Story) {
	s.T.Helper()
	s.Then().IsPutBackAndVerified(v1).TemplateChangedBy("web", "person", "lastgood")
	if all := s.Rollbacks(context.Background(), "web"); len(all) != 1 || all[0].Status.Phase != "Succeeded" {
		s.T.Errorf("there are %d Rollbacks; want one that succeeded: %+v", len(all), all)
	}
}

func moment(when string, at int, writes []string) string {
	return fmt.Sprintf("%s write %02d %s", when, at+1, strings.NewReplacer("/", ".", " .", " ").Replace(writes[at]))
}

const graceful = 2 * time.Second

// SIGTERM ends it with code 0 within 2 s, and it gives its Lease back.
func TestAControllerThatIsToldToStopEndsInOrder(t *testing.T) {
	t.Run("while nothing happens", func(t *testing.T) {
		t.Parallel()
		s := story.Alone(t)
		s.Given().Policy("web", quick).Running(v1).TheControllerRuns()
		s.Then().IsGood(v1)
		s.Process.TellToStop()
		stopsInOrder(s)
	})
	t.Run("while a health endpoint hangs", func(t *testing.T) {
		t.Parallel()
		s := story.Alone(t)
		s.Given().Policy("web", `{bakeTime: 10m, checks: [{name: health, interval: 20s, http: {port: 8080, path: /health, timeout: 20s}}]}`).
			Running(v1).TheControllerRuns()
		s.Then().IsGood(v1)
		s.When().Shipped(v1.As("v2").Env("HEALTH", "hang"))
		s.Then().StateIs("web", "Watching", "Baking")
		s.Process.TellToStop()
		stopsInOrder(s)
	})
	t.Run("before the API server is there", func(t *testing.T) {
		t.Parallel()
		s, proxy := story.AloneBehindAProxy(t)
		proxy.Hang()
		s.Given().TheControllerRuns()
		proxy.AwaitHanging()
		s.Process.TellToStop()
		stopsInTime(s)
	})
	for _, write := range []string{"post rollbacks", "patch deployments /spec/template", "patch deployments /metadata/managedFields", "patch rollbacks/status"} {
		t.Run("in the middle of "+strings.ReplaceAll(write, "/", "."), func(t *testing.T) {
			t.Parallel()
			stoppedInTheMiddle(t, write)
		})
	}
}

// Told to stop while a write of the rollback is under way: nothing stays half done. What was begun is finished or not begun:
// the template is the good one with its owners, or still the bad one. The next controller sees it through.
func stoppedInTheMiddle(t *testing.T, write string) {
	s, proxy := story.AloneBehindAProxy(t)
	s.Given().Policy("web", atOnce).Running(v1).TheControllerRuns()
	s.Then().IsGood(v1)
	proxy.TerminateAt(write)
	s.When().Shipped(v1.As("v2").Env("HEALTH", "fail"))
	if !proxy.AwaitStruck(func() bool { return ended(s) }) {
		t.Fatalf("there was no %q among the writes %q", write, proxy.Writes())
	}
	stopsInOrder(s)
	if version := versionOf(s); version == "v1" {
		s.Then().UndoneCleanly(v1)
	}
	s.Process.Start()
	endsWell(s)
}

func stopsInOrder(s *story.Story) {
	s.T.Helper()
	stopsInTime(s)
	if holder := s.Process.Lease().Spec.HolderIdentity; holder != nil && *holder != "" {
		s.T.Errorf("the Lease is still held by %q", *holder)
	}
}

func stopsInTime(s *story.Story) {
	s.T.Helper()
	if code, took := s.Process.Stopped(); code != 0 || took > graceful {
		s.T.Errorf("it ended with code %d after %s; want 0 within %s", code, took, graceful)
	}
}

func versionOf(s *story.Story) string {
	return s.Deployment(context.Background(), "web").Spec.Template.Spec.Containers[0].Env[0].Value
}
