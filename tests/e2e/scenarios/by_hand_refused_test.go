// A Rollback that a person asks for and that is refused, with a reason: what cannot be done, and what may do harm, which is done
// all the same when it is forced.
package scenarios

import (
	"fmt"
	"testing"
	"time"

	"lastgood.dev/tests/e2e/scenarios/internal/story"
)

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

// Each is in the way of another rule, and none yields to force.
//
//	busy      v2 bad, waits for approval
//	undone    v2 bad, put back: the template of revision 2 is not kept
//	asleep    v2, scaled to zero
//	old       v2, and its v0 is not admitted any more
func TestWhatCannotBeDoneIsRefusedEvenWhenItIsForced(t *testing.T) {
	s := story.New(t)
	busy, undone := story.NewApp("busy", "v1"), story.NewApp("undone", "v1")
	asleep, old := story.NewApp("asleep", "v1"), story.NewApp("old", "v0")
	s.Given().Policy("careful", "mode: Approve"+long).Policy("web", long).RanBefore("careful", busy).RanBefore("web", undone, asleep, old)
	s.When().VersionForbidden(old, outOfSupport)
	s.When().Shipped(busy.As("v2").Env("HEALTH", "fail"), undone.As("v2").Env("HEALTH", "fail"), asleep.As("v2"), old.As("v2"))
	waiting := s.Then().Waiting("busy")
	s.Then().IsPutBackAndVerified(undone).StateIs("asleep", "Watching", "Baking").ConditionSays("old", "RollbackReady", "False", "Refused", outOfSupport)
	s.When().Scaled("asleep", 0)
	s.Then().StateIs("asleep", "Watching", "ScaledToZero")
	for name, row := range map[string]struct {
		spec, reason string
		words        []string
	}{
		"busy":   {"", "Busy", []string{"Rollback " + waiting + " is not over yet", "AwaitingApproval"}},
		"undone": {", toRevision: 2", "NotKept", []string{"The template of revision 2 is not kept; kept are 3", "kubectl rollout undo --to-revision=2"}},
		"asleep": {"", "ScaledToZero", []string{"scaled to zero"}},
		"old":    {"", "Refused", []string{"does not admit the template of revision 1", outOfSupport}},
	} {
		for asked, force := range map[string]string{"please-" + name: "", "at-all-costs-" + name: ", force: true"} {
			s.When().AsksForRollback(asked, "{deployment: "+name+row.spec+force+"}")
			s.Then().RecordIs(asked, "Refused", append(row.words, row.reason+": ")...).
				EventSays(name, "RollbackRefused", append(row.words, "Rollback "+asked+" is refused, "+row.reason)...)
		}
	}
	s.Then().NothingWasDoneTo("busy", "asleep", "old").TemplateChangedBy("undone", "person", "lastgood").StateIs("busy", "Held", "AwaitingApproval")
}

// One row a reason: how it comes to be, what is asked for then, and to where it goes back when that is forced.
func TestWhatMayDoHarmIsRefusedUnlessItIsForced(t *testing.T) {
	t.Parallel()
	v1 := story.NewApp("web", "v1").Guarded("web")
	v2 := v1.As("v2")
	until := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	for reason, row := range map[string]struct {
		comes func(s *story.Story)
		asked string
		says  string
		to    story.App
		done  []string
	}{
		"Quarantined": {func(s *story.Story) {
			s.When().AsksForRollback("first", "{deployment: web}")
			s.Then().RecordIs("first", "Succeeded").IsPutBackAndVerified(v1)
		}, ", toRevision: 2", "Revision 2 was rolled back itself", v2, []string{"person", "lastgood", "lastgood"}},
		"NotProven": {func(s *story.Story) {
			// Shipped again it fails, and another one comes before anything is done.
			s.When().Policy("web", "mode: Observe"+long).Shipped(v1).Available("web")
			s.Then().StateIs("web", "Watching", "Baking")
			s.When().TurnedTo("HEALTH=fail", "web")
			s.Then().StateIs("web", "Held", "Observing")
			s.When().Shipped(v2).Available("web")
			s.Then().StateIs("web", "Watching", "Baking")
		}, ", toRevision: 3", "Revision 3 is not proven good: its last verdict is Breached", v1, []string{"person", "person", "person", "lastgood"}},
		"PausedUntil": {func(s *story.Story) {
			s.When().Annotated("web", pauseKey, until)
		}, "", "lastgood.dev/pause-until says to leave it alone until " + until, v1, []string{"person", "lastgood"}},
	} {
		t.Run(reason, func(t *testing.T) {
			s := story.New(t)
			s.Given().Policy("web", quick).Good(v1)
			s.When().Shipped(v2)
			s.Then().IsGood(v2)
			row.comes(s)
			s.When().AsksForRollback("please", "{deployment: web"+row.asked+"}")
			s.Then().RecordIs("please", "Refused", reason+": ", row.says).
				EventSays("web", "RollbackRefused", "Rollback please is refused, "+reason, row.says).TemplateChangedBy("web", row.done[:len(row.done)-1]...)
			s.When().AsksForRollback("i-know", "{deployment: web, force: true"+row.asked+"}")
			s.Then().RecordIs("i-know", "Succeeded").UndoneCleanly(row.to).TemplateChangedBy("web", row.done...)
		})
	}
}
