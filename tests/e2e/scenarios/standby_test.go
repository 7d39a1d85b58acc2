// Two controllers with the same Lease: the leader is killed or frozen during a rollback, or the
// Lease is deleted. The requests of the first leader pass a proxy.
package scenarios

import (
	"testing"
	"time"

	"lastgood.dev/tests/e2e/internal/audit"
	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

// stepWrite is a write of a rollback, by its name in the proxy and in the audit log.
type stepWrite struct{ title, name, verb, resource, subresource string }

var stepWrites = []stepWrite{
	{"the record", "post rollbacks", "create", "rollbacks", ""},
	{"the template", "patch deployments /spec/template", "patch", "deployments", ""},
	{"the owners", "patch deployments /metadata/managedFields", "patch", "deployments", ""},
	{"the phase", "patch rollbacks/status", "patch", "rollbacks", "status"},
}

const (
	// longestTakeover is 15 s after the last renewal and a period of 2 s, with time for a slow
	// machine.
	longestTakeover = 25 * time.Second
	// frozenFor is longer than a Lease is valid.
	frozenFor = 20 * time.Second
)

func TestRollsBackOnceWithAStandby(t *testing.T) {
	writes := stepWrites
	if !scenario.IsLong() {
		writes = writes[1:2] // the template
	}
	for _, write := range writes {
		t.Run("leader killed after "+write.title, func(t *testing.T) {
			t.Parallel()
			killLeader(t, write)
		})
		t.Run("leader frozen when it has sent "+write.title, func(t *testing.T) {
			t.Parallel()
			freezeLeader(t, write, scenario.AfterWrite, scenario.NoneIsLate)
		})
		t.Run("leader frozen while the API server does not have "+write.title, func(t *testing.T) {
			t.Parallel()
			freezeLeader(t, write, scenario.BeforeWrite, write.isLate)
		})
	}
	t.Run("Lease deleted every second", func(t *testing.T) {
		t.Parallel()
		deleteLease(t)
	})
}

// isLate is for OnlyTheHolderWrote.
func (w stepWrite) isLate(write audit.Write) bool {
	return write.Verb == w.verb && write.Resource == w.resource &&
		write.Subresource == w.subresource
}

func killLeader(t *testing.T, write stepWrite) {
	s, proxy, standby, bad := leaderAndStandby(t)
	proxy.KillDuring(write.name, scenario.AfterWrite)
	s.When().Applied(bad)
	proxy.AwaitFault(never)
	killed := time.Now()
	took := s.Then().LeaseIsTakenBy(standby).Sub(killed)
	expectOneRollback(s)
	s.Then().OnlyTheHolderWrote(scenario.NoneIsLate).ChangedTemplatesOnce()
	t.Logf("the standby had the Lease after %.1f s; restored and verified after %.1f s",
		took.Seconds(), time.Since(killed).Seconds())
	if took > longestTakeover {
		t.Errorf("the standby needed %s; want at most %s", took, longestTakeover)
	}
}

// freezeLeader stops the leader for longer than its Lease is valid. With BeforeWrite the API server
// gets the write only then, when the standby is the leader. isLate matches this write.
func freezeLeader(t *testing.T, write stepWrite, timing scenario.Timing,
	isLate func(audit.Write) bool) {
	s, proxy, standby, bad := leaderAndStandby(t)
	proxy.FreezeDuring(write.name, timing, frozenFor)
	applied := time.Now()
	s.When().Applied(bad)
	proxy.AwaitFault(never)
	acquired := s.Then().LeaseIsTakenBy(standby)
	expectOneRollback(s)
	s.Then().OnlyTheHolderWrote(isLate).ChangedTemplatesOnce()
	t.Logf("the standby had the Lease %.1f s after the release; restored and verified after %.1f s",
		acquired.Sub(applied).Seconds(), time.Since(applied).Seconds())
}

func deleteLease(t *testing.T) {
	const deletions = 25
	s, _, _, bad := leaderAndStandby(t)
	applied := time.Now()
	s.When().Applied(bad)
	for range deletions {
		s.When().LeaseDeleted().TimePassed(time.Second)
	}
	expectOneRollback(s)
	s.Then().OnlyTheHolderWrote(scenario.NoneIsLate).ChangedTemplatesOnce()
	t.Logf("%d deletions of the Lease; restored and verified %.1f s after the release; the first "+
		"leader became the leader %d times", deletions, time.Since(applied).Seconds(),
		s.Process.Terms())
}

// leaderAndStandby returns a scenario with two controllers, its proxy and a bad release of its app
// "web", of which v1 is good.
func leaderAndStandby(t *testing.T) (*scenario.Scenario, *scenario.Proxy, *scenario.Process,
	scenario.App) {
	t.Helper()
	s, proxy := scenario.NewBehindProxy(t)
	app := scenario.NewApp("web", "v1")
	s.Given().Policy("web", firstFailureLongBake).ControllerStarted().
		PresumedGoodUnder("web", app)
	standby := s.Standby()
	standby.Start()
	standby.AwaitListening()
	return s, proxy, standby, app.As("v2").Env("HEALTH", "fail")
}

// never is for AwaitFault: the standby may complete the rollback before the fault has ended.
func never() bool { return false }
