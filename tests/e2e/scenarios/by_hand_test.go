// A Rollback that a person asks for, done with the same care.
package scenarios

import (
	"context"
	"testing"

	"lastgood.dev/tests/e2e/scenarios/internal/story"
)

// The owner is Helm, and its next release is as if nothing had been.
func TestAPersonGoesBackToTheLastGoodRevision(t *testing.T) {
	s := story.New(t)
	web := story.NewApp("web", "v1")
	s.Given().Policy("web", "selector: {matchLabels: {tier: web}}"+quick)
	helmUpgrade(s, 1)
	s.Then().IsGood(web)
	s.Helm("upgrade", "web", "testdata/web-chart", "--set", "release=2,health=ok")
	s.Then().IsGood(web.As("v2"))
	s.When().AsksForRollback("undo", "{deployment: web}")
	s.Then().IsPutBackAndVerified(web).RecordIs("undo", "Succeeded").TemplateChangedBy("web", "person", "lastgood").
		EventSays("web", "RollbackStarted", "revision 2", "is put back to revision 1", "because a person asked for it")
	one := s.Record("undo")
	if one.Spec.From.Number != 2 || one.Spec.Check != "" || one.Spec.Policy != "RollbackPolicy/web" || len(one.Status.Timeline) < 3 || len(one.Status.Changes) == 0 {
		t.Errorf("what a person asked for is recorded as %+v", one)
	}
	if guard, _ := s.ThisGuard(context.Background(), "web"); len(guard.Status.Rollbacks) != 0 {
		t.Errorf("what a person asked for counts towards the limits: %+v", guard.Status.Rollbacks)
	}
	helmUpgrade(s, 3)
	s.Then().IsGood(web.As("v3")).TemplateChangedBy("web", "person", "lastgood", "person")
}

func TestAPersonGoesBackToARevisionByItsNumber(t *testing.T) {
	s := story.New(t)
	v1 := story.NewApp("web", "v1").Guarded("web")
	v2 := v1.As("v2")
	s.Given().Policy("web", quick).Good(v1)
	s.When().Shipped(v2)
	s.Then().IsGood(v2)
	s.When().Shipped(v1.As("v3").Env("HEALTH", "fail"))
	s.Then().IsPutBackAndVerified(v2)
	s.When().AsksForRollback("to-one", "{deployment: web, toRevision: 1}")
	s.Then().RecordIs("to-one", "Succeeded").IsPutBackAndVerified(v1).TemplateChangedBy("web", "person", "person", "lastgood", "lastgood")
	s.When().Shipped(v1.As("v4"))
	s.Then().IsGood(v1.As("v4"))
}
