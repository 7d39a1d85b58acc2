// Manual rollbacks that are rejected, with a reason. Some are impossible; others may do harm and
// are done if spec.force is true.
package scenarios

import (
	"fmt"
	"testing"
	"time"

	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

func TestRejectsAManualRollbackWithoutAValidTarget(t *testing.T) {
	s := scenario.New(t)
	web := scenario.NewApp("web", "v1").Guarded("web")
	asleep := scenario.NewApp("asleep", "v1").Guarded("asleep")
	paused, single := web.Named("paused"), web.Named("single")
	s.Given().Policy("web", quickPolicy).Policy("asleep", quickPolicy).
		Good(web, paused, single, asleep).Running(scenario.NewApp("free", "v1"))
	s.When().Applied(web.As("v2"), paused.As("v2"), asleep.As("v2"))
	s.Then().IsGood(web.As("v2")).IsGood(paused.As("v2")).IsGood(asleep.As("v2"))
	s.When().Paused("paused", true).Policy("asleep", "suspend: true"+quickPolicy)
	s.Then().HasCondition("asleep", "Governed", "True", "Suspended")
	for i, row := range []struct {
		spec, reason string
		words        []string
	}{
		{"{deployment: web, toRevision: 99}", "RevisionNotFound", []string{"revision 99"}},
		{"{deployment: web, toRevision: 2}", "AlreadyCurrent", []string{"revision 2"}},
		{"{deployment: free}", "NotGuarded", []string{"free"}},
		{"{deployment: gone}", "DeploymentNotFound", []string{"gone"}},
		{"{deployment: paused}", "DeploymentPaused", []string{"kubectl rollout resume"}},
		{"{deployment: paused, force: true}", "DeploymentPaused",
			[]string{"kubectl rollout resume"}},
		{"{deployment: single}", "NoLastGood", nil},
		{"{deployment: asleep}", "Suspended", []string{"RollbackPolicy/asleep"}},
	} {
		name := fmt.Sprintf("row-%d", i)
		s.When().RollbackRequested(name, row.spec)
		s.Then().RollbackIs(name, "Rejected", append(row.words, row.reason)...)
	}
	s.Then().IsUntouched("web", "free", "paused", "single", "asleep").
		HasEvent("web", "RollbackRejected", "row-0", "RevisionNotFound")
	s.When().RollbackRequested("forced", "{deployment: asleep, force: true}")
	s.Then().RollbackIs("forced", "Restored").IsCleanUndo(asleep).
		TemplateChangedBy("asleep", "user", "lastgood")
	// A suspended policy evaluates nothing, so the verification ends only after it is resumed.
	s.When().Policy("asleep", quickPolicy)
	s.Then().RollbackIs("forced", "Succeeded")
}

// Each Deployment violates one rule that spec.force does not override.
//
//	busy      v2 bad, waits for approval
//	undone    v2 bad, rolled back: revision 2 has no snapshot
//	asleep    v2, scaled to zero
//	old       v2, and v0 is denied by admission
func TestRejectsAManualRollbackThatIsImpossibleEvenWhenForced(t *testing.T) {
	s := scenario.New(t)
	busy, undone := scenario.NewApp("busy", "v1"), scenario.NewApp("undone", "v1")
	asleep, old := scenario.NewApp("asleep", "v1"), scenario.NewApp("old", "v0")
	s.Given().Policy("careful", "mode: Approve"+longPolicy).Policy("web", longPolicy).
		PresumedGood("careful", busy).PresumedGood("web", undone, asleep, old)
	s.When().VersionDenied(old, outOfSupport)
	s.When().Applied(busy.As("v2").Env("HEALTH", "fail"), undone.As("v2").Env("HEALTH", "fail"),
		asleep.As("v2"), old.As("v2"))
	pending := s.Then().PendingApproval("busy")
	s.Then().IsRolledBackAndVerified(undone).StateIs("asleep", "Evaluating", "Baking").
		HasCondition("old", "RollbackReady", "False", "AdmissionDenied", outOfSupport)
	s.When().Scaled("asleep", 0)
	s.Then().StateIs("asleep", "Evaluating", "ScaledToZero")
	for name, row := range map[string]struct {
		spec  string
		words []string
	}{
		"busy": {"", []string{"Busy", pending, "AwaitingApproval"}},
		"undone": {", toRevision: 2",
			[]string{"NoSnapshot", "revision 2", "3", "kubectl rollout undo --to-revision=2"}},
		"asleep": {"", []string{"ScaledToZero"}},
		"old":    {"", []string{"AdmissionDenied", "revision 1", outOfSupport}},
	} {
		requests := map[string]string{"plain-" + name: "", "forced-" + name: ", force: true"}
		for request, force := range requests {
			s.When().RollbackRequested(request, "{deployment: "+name+row.spec+force+"}")
			s.Then().RollbackIs(request, "Rejected", row.words...).
				HasEvent(name, "RollbackRejected", append(row.words, request)...)
		}
	}
	s.Then().IsUntouched("busy", "asleep", "old").
		TemplateChangedBy("undone", "user", "lastgood").
		StateIs("busy", "Held", "AwaitingApproval")
}

// harmfulRollback is a manual rollback that is rejected for a reason unless it is forced.
type harmfulRollback struct {
	prepare    func(s *scenario.Scenario)
	toRevision string
	words      []string
	target     scenario.App
	authors    []string
}

func TestRejectsAManualRollbackThatMayDoHarmUnlessForced(t *testing.T) {
	t.Parallel()
	v1 := scenario.NewApp("web", "v1").Guarded("web")
	v2 := v1.As("v2")
	until := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	for reason, row := range map[string]harmfulRollback{
		"Quarantined": {
			prepare: func(s *scenario.Scenario) {
				s.When().RollbackRequested("first", "{deployment: web}")
				s.Then().RollbackIs("first", "Succeeded").IsRolledBackAndVerified(v1)
			},
			toRevision: ", toRevision: 2", words: []string{"revision 2"},
			target: v2, authors: []string{"user", "lastgood", "lastgood"},
		},
		"NotProven": {
			prepare:    func(s *scenario.Scenario) { breachAndReplace(s, v1, v2) },
			toRevision: ", toRevision: 3", words: []string{"revision 3", "Breached"},
			target: v1, authors: []string{"user", "user", "user", "lastgood"},
		},
		"PausedUntil": {
			prepare: func(s *scenario.Scenario) { s.When().Annotated("web", pauseKey, until) },
			words:   []string{pauseKey, until},
			target:  v1, authors: []string{"user", "lastgood"},
		},
	} {
		t.Run(reason, func(t *testing.T) {
			s := scenario.New(t)
			s.Given().Policy("web", quickPolicy).Good(v1)
			s.When().Applied(v2)
			s.Then().IsGood(v2)
			row.prepare(s)
			s.When().RollbackRequested("plain", "{deployment: web"+row.toRevision+"}")
			words := append(row.words, reason)
			s.Then().RollbackIs("plain", "Rejected", words...).
				HasEvent("web", "RollbackRejected", append(words, "plain")...).
				TemplateChangedBy("web", row.authors[:len(row.authors)-1]...)
			s.When().RollbackRequested("forced", "{deployment: web, force: true"+row.toRevision+"}")
			s.Then().RollbackIs("forced", "Succeeded").IsCleanUndo(row.target).
				TemplateChangedBy("web", row.authors...)
		})
	}
}

// breachAndReplace applies v1 again, which fails while it is observed only, and then applies v2.
func breachAndReplace(s *scenario.Scenario, v1, v2 scenario.App) {
	s.T.Helper()
	s.When().Policy("web", "mode: Observe"+longPolicy).Applied(v1).Available("web")
	s.Then().StateIs("web", "Evaluating", "Baking")
	s.When().KnobSet("HEALTH=fail", "web")
	s.Then().StateIs("web", "Held", "Observing")
	s.When().Applied(v2).Available("web")
	s.Then().StateIs("web", "Evaluating", "Baking")
}
