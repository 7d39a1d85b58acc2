// Manual rollbacks: a user creates a Rollback.
package scenarios

import (
	"context"
	"testing"

	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

// Helm owns the Deployment. Its next upgrade must work as if nothing had been rolled back.
func TestRollsBackToTheLastGoodRevisionWhenAUserRequestsIt(t *testing.T) {
	s := scenario.New(t)
	web := scenario.NewApp("web", "v1")
	s.Given().Policy("web", "selector: {matchLabels: {tier: web}}"+quickPolicy)
	helmUpgrade(s, 1)
	s.Then().IsGood(web)
	s.Helm("upgrade", "web", "testdata/web-chart", "--set", "release=2,health=ok")
	s.Then().IsGood(web.As("v2"))
	s.When().RollbackRequested("undo", "{deployment: web}")
	s.Then().IsRestoredAndVerified(web).RollbackIs("undo", "Succeeded").
		TemplateChangedBy("web", "user", "lastgood").
		HasEvent("web", "RollbackStarted", "revision 2", "revision 1")
	rollback := s.Rollback("undo")
	spec, status := rollback.Spec, rollback.Status
	if spec.From.Number != 2 || spec.Check != "" || spec.Policy != "RollbackPolicy/web" ||
		len(status.Timeline) < 3 || len(status.Changes) == 0 {
		t.Errorf("the manual rollback is recorded as %+v", rollback)
	}
	guard, _ := s.Guard(context.Background(), "web")
	if len(guard.Status.Rollbacks) != 0 {
		t.Errorf("a manual rollback counts towards the limit: %+v", guard.Status.Rollbacks)
	}
	helmUpgrade(s, 3)
	s.Then().IsGood(web.As("v3")).TemplateChangedBy("web", "user", "lastgood", "user")
}

func TestRollsBackToARevisionNumberWhenAUserRequestsIt(t *testing.T) {
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1").Guarded("web")
	v2 := v1.As("v2")
	s.Given().Policy("web", quickPolicy).Good(v1)
	s.When().Applied(v2)
	s.Then().IsGood(v2)
	s.When().Applied(v1.As("v3").Env("HEALTH", "fail"))
	s.Then().IsRestoredAndVerified(v2)
	s.When().RollbackRequested("to-revision-1", "{deployment: web, toRevision: 1}")
	s.Then().RollbackIs("to-revision-1", "Succeeded").IsRestoredAndVerified(v1).
		TemplateChangedBy("web", "user", "user", "lastgood", "lastgood")
	s.When().Applied(v1.As("v4"))
	s.Then().IsGood(v1.As("v4"))
}
