// A Rollback that a person asks for: done with the same care, or refused with a reason.
package scenarios

import (
	"context"
	"fmt"
	"testing"

	"lastgood.dev/tests/cluster/scenarios/internal/story"
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

func TestWhatCannotBeGoneBackToIsRefusedWithAReason(t *testing.T) {
	s := story.New(t)
	web, asleep := story.NewApp("web", "v1").Guarded("web"), story.NewApp("asleep", "v1").Guarded("asleep")
	paused, single := web.Named("paused"), web.Named("single")
	s.Given().Policy("web", quick).Policy("asleep", quick).Good(web, paused, single, asleep).Running(story.NewApp("free", "v1"))
	s.When().Shipped(web.As("v2"), paused.As("v2"), asleep.As("v2"))
	s.Then().IsGood(web.As("v2")).IsGood(paused.As("v2")).IsGood(asleep.As("v2"))
	s.When().Paused("paused", true).Policy("asleep", "suspend: true"+quick)
	s.Then().ConditionSays("asleep", "Governed", "True", "Suspended")
	for i, row := range []struct{ spec, reason, says string }{
		{"{deployment: web, toRevision: 99}", "NoSuchRevision", "Revision 99"},
		{"{deployment: web, toRevision: 2}", "AlreadyThere", "Revision 2 is the present one"},
		{"{deployment: free}", "NotGuarded", "free"},
		{"{deployment: gone}", "NoSuchDeployment", "gone"},
		{"{deployment: paused}", "DeploymentPaused", "kubectl rollout resume"},
		{"{deployment: paused, force: true}", "DeploymentPaused", "kubectl rollout resume"},
		{"{deployment: single}", "NoLastGood", "nothing to go back to"},
		{"{deployment: asleep}", "Suspended", "RollbackPolicy/asleep is suspended"},
	} {
		name := fmt.Sprintf("row-%d", i)
		s.When().AsksForRollback(name, row.spec)
		s.Then().RecordIs(name, "Refused", row.reason, row.says)
	}
	s.Then().NothingWasDoneTo("web", "free", "paused", "single", "asleep").
		EventSays("web", "RollbackRefused", "Rollback row-0 is refused", "NoSuchRevision")
	s.When().AsksForRollback("all-the-same", "{deployment: asleep, force: true}")
	s.Then().RecordIs("all-the-same", "Restored").UndoneCleanly(asleep).TemplateChangedBy("asleep", "person", "lastgood")
	// What is suspended is not judged, so whether it helped is seen later.
	s.When().Policy("asleep", quick)
	s.Then().RecordIs("all-the-same", "Succeeded")
}
