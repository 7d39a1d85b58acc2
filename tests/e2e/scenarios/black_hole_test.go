// Packets between the controller and the API server are lost, and nobody resets the connections.
package scenarios

import (
	"fmt"
	"testing"
	"time"

	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

// backWithin is how long the controller may need after a fault of the network: for new connections,
// new watches, and to act.
const backWithin = 60 * time.Second

func TestActsAfterPacketsToTheAPIServerWereLost(t *testing.T) {
	var durations []time.Duration
	if scenario.IsLong() {
		durations = []time.Duration{25 * time.Second, 60 * time.Second}
	}
	for _, lost := range durations {
		t.Run(fmt.Sprintf("all packets for %s", lost), func(t *testing.T) {
			t.Parallel()
			shipWhileUnreachable(t, lost)
		})
	}
	t.Run("all packets of the established connections", func(t *testing.T) {
		t.Parallel()
		shipWhileConnectionsAreDead(t)
	})
}

// The release is bad from the begin, and ships while nothing reaches the API server.
func shipWhileUnreachable(t *testing.T, lost time.Duration) {
	s, app := presumedGood(t)
	restore := s.When().APIServerUnreachable()
	s.When().Applied(app.As("v2").Env("HEALTH", "fail")).Available("web").TimePassed(lost)
	expectOneRollbackSoonAfter(s, restore)
}

// expectOneRollbackSoonAfter expects that the controller has created no Rollback until now, ends
// the fault, and expects that the controller rolls back soon.
func expectOneRollbackSoonAfter(s *scenario.Scenario, endFault func()) {
	s.T.Helper()
	s.Then().HasRollbackObjects("web", 0)
	endFault()
	began := time.Now()
	expectOneRollback(s)
	took := time.Since(began)
	s.T.Logf("restored and verified %.1f s after the end of the fault", took.Seconds())
	if took > backWithin {
		s.T.Errorf("it took %s; want at most %s", took, backWithin)
	}
}

// Among the dead connections are the watches and that of the Lease. New connections work, so the
// controller stays the leader.
func shipWhileConnectionsAreDead(t *testing.T) {
	s, app := presumedGood(t)
	s.When().ConnectionsDead()
	dead := time.Now()
	s.When().Applied(app.As("v2").Env("HEALTH", "fail"))
	s.Then().HasRollbacks("web", 1)
	took := time.Since(dead)
	expectOneRollback(s)
	s.Then().LeaseIsKept()
	t.Logf("the Rollback was created %.1f s after the connections died", took.Seconds())
	if took > backWithin {
		t.Errorf("it took %s; want at most %s", took, backWithin)
	}
}
