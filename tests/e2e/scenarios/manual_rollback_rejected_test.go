// Manual rollbacks that are rejected, with a reason. A rollback that is impossible is always
// rejected. A rollback that may do harm is rejected unless spec.force is true.
package scenarios

import (
	"fmt"
	"testing"
	"time"

	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

// The Deployments are:
//
//	web         v2 is good and current, v1 was good
//	paused      like web, but its rollout is paused
//	halted      like web, but its policy is suspended
//	unreleased  has only v1
//	unguarded   has not opted in
func TestRejectsAManualRollbackWithoutAValidTarget(t *testing.T) {
	s := scenario.New(t)
	web := scenario.NewApp("web", "v1").Guarded("web")
	halted := scenario.NewApp("halted", "v1").Guarded("halted")
	paused, unreleased := web.Named("paused"), web.Named("unreleased")
	s.Given().Policy("web", quickPolicy).Policy("halted", quickPolicy).
		Good(web, paused, unreleased, halted).Running(scenario.NewApp("unguarded", "v1"))
	s.When().Applied(web.As("v2"), paused.As("v2"), halted.As("v2"))
	s.Then().IsGood(web.As("v2")).IsGood(paused.As("v2")).IsGood(halted.As("v2"))
	s.When().Paused("paused").Policy("halted", "suspend: true"+quickPolicy)
	s.Then().HasCondition("halted", "Governed", "True", "Suspended").
		HasCondition("paused", "Ready", "True", "DeploymentPaused", "kubectl rollout resume")
	for i, row := range []struct {
		spec, reason string
		words        []string
	}{
		{"{deployment: web, toRevision: 99}", "RevisionNotFound", []string{"revision 99"}},
		{"{deployment: web, toRevision: 2}", "AlreadyCurrent", []string{"revision 2"}},
		{"{deployment: unguarded}", "NotGuarded", []string{"unguarded"}},
		{"{deployment: gone}", "DeploymentNotFound", []string{"gone"}},
		{"{deployment: paused}", "DeploymentPaused", []string{"kubectl rollout resume"}},
		{"{deployment: paused, force: true}", "DeploymentPaused",
			[]string{"kubectl rollout resume"}},
		{"{deployment: unreleased}", "NoLastGood", nil},
		{"{deployment: halted}", "Suspended", []string{"RollbackPolicy/halted"}},
	} {
		name := fmt.Sprintf("request-%d", i)
		s.When().RollbackRequested(name, row.spec)
		s.Then().RollbackIs(name, "Rejected", append(row.words, row.reason)...)
	}
	s.Then().HasNoControllerWrites("web", "unguarded", "paused", "unreleased", "halted").
		HasEvent("web", "RollbackRejected", "request-0", "RevisionNotFound")
	s.When().RollbackRequested("forced", "{deployment: halted, force: true}")
	s.Then().RollbackIs("forced", "Restored").IsCleanUndo(halted).
		TemplateChangedBy("halted", "user", "lastgood")
	// A suspended policy evaluates nothing. The verification ends only after the policy is resumed.
	s.When().Policy("halted", quickPolicy)
	s.Then().RollbackIs("forced", "Succeeded")
}

// Each Deployment violates one rule that spec.force does not override.
//
//	busy         a Rollback of the bad v2 waits for approval
//	rolled-back  the bad v2 was rolled back, so revision 2 has no snapshot
//	scaled-down  v2 is scaled to zero
//	denied       admission denies the target v0
func TestRejectsAManualRollbackThatIsImpossibleEvenWhenForced(t *testing.T) {
	s := scenario.New(t)
	busy, rolledBack := scenario.NewApp("busy", "v1"), scenario.NewApp("rolled-back", "v1")
	scaledDown, denied := scenario.NewApp("scaled-down", "v1"), scenario.NewApp("denied", "v0")
	s.Given().Policy("careful", "mode: Approve"+longBakePolicy).Policy("web", longBakePolicy).
		PresumedGoodUnder("careful", busy).PresumedGoodUnder("web", rolledBack, scaledDown, denied)
	s.When().VersionDenied(denied, outOfSupport)
	s.When().Applied(busy.As("v2").Env("HEALTH", "fail"), rolledBack.As("v2").Env("HEALTH", "fail"),
		scaledDown.As("v2"), denied.As("v2"))
	pending := s.Then().PendingApproval("busy")
	s.Then().IsRestoredAndVerified(rolledBack).StateIs("scaled-down", "Evaluating", "Baking").
		HasCondition("denied", "RollbackReady", "False", "AdmissionDenied", outOfSupport)
	s.When().Scaled("scaled-down", 0)
	s.Then().StateIs("scaled-down", "Evaluating", "ScaledToZero")
	for name, row := range map[string]struct {
		spec  string
		words []string
	}{
		"busy": {"", []string{"Busy", pending, "AwaitingApproval"}},
		"rolled-back": {", toRevision: 2",
			[]string{"NoSnapshot", "revision 2", "3",
				"kubectl rollout undo deployment/", "--to-revision=2"}},
		"scaled-down": {"", []string{"ScaledToZero"}},
		"denied":      {"", []string{"AdmissionDenied", "revision 1", outOfSupport}},
	} {
		requests := map[string]string{"plain-" + name: "", "forced-" + name: ", force: true"}
		for request, force := range requests {
			s.When().RollbackRequested(request, "{deployment: "+name+row.spec+force+"}")
			s.Then().RollbackIs(request, "Rejected", row.words...).
				HasEvent(name, "RollbackRejected", append(row.words, request)...)
		}
	}
	s.Then().HasNoControllerWrites("busy", "scaled-down", "denied").
		TemplateChangedBy("rolled-back", "user", "lastgood").
		StateIs("busy", "Held", "AwaitingApproval")
}

// harmfulRollback is a manual rollback that is rejected unless it is forced.
type harmfulRollback struct {
	// prepare brings the Deployment, whose v2 is good, into a state in which the rollback is rejected.
	prepare func(s *scenario.Scenario)
	// toRevision is "" or a text such as ", toRevision: 2", which is added to the spec.
	toRevision string
	// words are in the message of the rejection.
	words []string
	// lastVerdictOf is the revision whose verdict is in the message too; 0: none.
	lastVerdictOf int64
	// target is the version that the forced rollback restores.
	target scenario.App
	// authors are the authors of all changes of the template. The forced rollback is the last change.
	authors []string
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
				s.Then().RollbackIs("first", "Succeeded").IsRestoredAndVerified(v1)
			},
			toRevision: ", toRevision: 2", words: []string{"revision 2"},
			target: v2, authors: []string{"user", "lastgood", "lastgood"},
		},
		"NotProven": {
			prepare:    func(s *scenario.Scenario) { breachAndReplace(s, v1, v2) },
			toRevision: ", toRevision: 3", words: []string{"Revision 3 is not proven good"},
			lastVerdictOf: 3,
			target:        v1, authors: []string{"user", "user", "user", "lastgood"},
		},
		"PausedUntil": {
			prepare: func(s *scenario.Scenario) { s.When().Annotated("web", pauseUntilKey, until) },
			words:   []string{pauseUntilKey, until},
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
			if row.lastVerdictOf > 0 {
				words = append(words, "its last verdict is "+s.Then().VerdictOf("web", row.lastVerdictOf))
			}
			s.Then().RollbackIs("plain", "Rejected", words...).
				HasEvent("web", "RollbackRejected", append(words, "plain")...).
				TemplateChangedBy("web", row.authors[:len(row.authors)-1]...)
			s.When().RollbackRequested("forced", "{deployment: web, force: true"+row.toRevision+"}")
			s.Then().RollbackIs("forced", "Succeeded").IsCleanUndo(row.target).
				TemplateChangedBy("web", row.authors...)
		})
	}
}

// breachAndReplace applies v1 again, which is breached in the mode Observe, and then applies v2.
func breachAndReplace(s *scenario.Scenario, v1, v2 scenario.App) {
	s.T.Helper()
	s.When().Policy("web", "mode: Observe"+longBakePolicy).Applied(v1).Available("web")
	s.Then().StateIs("web", "Evaluating", "Baking")
	s.When().SetInRunningPods("web", "HEALTH=fail")
	s.Then().StateIs("web", "Held", "Observing")
	s.When().Applied(v2).Available("web")
	s.Then().StateIs("web", "Evaluating", "Baking")
}
