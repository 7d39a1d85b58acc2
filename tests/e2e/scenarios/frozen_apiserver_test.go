// The API server that serves the watches freezes while another one still responds.
package scenarios

import (
	"testing"
	"time"

	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

// The controller reads through a second API server, which freezes: the watches are silent, but all
// requests of the controller work. Meanwhile "web" begins to fail, and a user replaces the healthy
// release of "replaced", whose pods therefore end. The controller must roll back "web" once, and it
// must not act on the old view of "replaced".
func TestDoesNotActOnTheViewOfAFrozenAPIServer(t *testing.T) {
	const staleFor = 20 * time.Second
	s, proxy := scenario.NewBehindProxy(t)
	web := scenario.NewApp("web", "v1")
	replaced := web.Named("replaced")
	second := s.SecondAPIServer(proxy)
	s.Given().Policy("web", firstFailureLongBake).ControllerStarted().
		PresumedGoodUnder("web", web, replaced)
	s.When().Applied(web.As("v2"), replaced.As("v2")).Available("web").Available("replaced")
	s.Then().IsBaking("web").IsBaking("replaced").
		CheckIs("web", "health", "Pass", "Passed").CheckIs("replaced", "health", "Pass", "Passed")
	second.Freeze()
	s.When().Applied(replaced.As("v3")).SetInRunningPods("web", "HEALTH=fail").
		Available("replaced")
	failed := time.Now()
	s.Then().HasRollbacks("web", 1)
	t.Logf("recorded %.1f s after the first failure", time.Since(failed).Seconds())
	s.When().Available("web").TimePassed(staleFor)
	s.Then().TemplateChangedBy("replaced", "user", "user").TemplateChangedBy("web", "user", "lastgood")
	second.Continue()
	expectOneRollback(s)
	s.Then().IsBaking("replaced").TemplateChangedBy("replaced", "user", "user").
		HasRollbackObjects("replaced", 0).ChangedTemplatesOnce().LeaseIsKept()
}
