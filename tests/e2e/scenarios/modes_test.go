// Modes: only observed, or done once a person has approved.
package scenarios

import (
	"context"
	"testing"

	"lastgood.dev/tests/e2e/scenarios/internal/story"
)

func TestAPolicyThatObservesRecordsWhatItWouldHaveDone(t *testing.T) {
	s := story.New(t)
	v1 := story.NewApp("web", "v1").Guarded("observed")
	twin := v1.Named("twin").Guarded("web")
	s.Given().Policy("observed", "mode: Observe"+quick).Policy("web", quick).Good(v1, twin)
	s.When().Shipped(v1.As("v2").Env("HEALTH", "fail")).Shipped(twin.As("v2").Env("HEALTH", "fail"))
	s.Then().Holds("web", "Observing", "RollbackPolicy/observed has mode Observe", "put back to revision 1", "nothing is touched").
		IsPutBackAndVerified(twin).StateIs("web", "Held", "Observing").NothingWasDoneTo("web").TemplateChangedBy("web", "person")
	records := s.Records(context.Background(), "web")
	if len(records) != 1 {
		t.Fatalf("there are %d records; want one: %+v", len(records), records)
	}
	one := records[0]
	if one.Status.Phase != "Observed" || one.Spec.Check != "health" || one.Spec.To.Number != 1 || one.Status.Finished == nil {
		t.Errorf("what would have been done is recorded as %+v", one)
	}
	s.When().TurnedTo("HEALTH=ok", "web")
	s.Then().IsGood(v1.As("v2")).NothingWasDoneTo("web")
}

func TestNothingIsPutBackUntilAPersonApproves(t *testing.T) {
	t.Parallel()
	for name, approve := range map[string]func(s *story.Story, rollback string){
		"on the Rollback": func(s *story.Story, rollback string) { s.When().Approves(rollback) },
		"on the Deployment": func(s *story.Story, rollback string) {
			// One that does not exist is none; the twin is put back after that, and this one is not.
			s.When().ApprovesByAnnotation("web", "web-of-yesterday")
			s.Then().EventSays("web", "RollbackHeld", "lastgood.dev/approve names web-of-yesterday, but it is Rollback "+rollback+" that waits").
				RecordIs(rollback, "Pending", "It waits, AwaitingApproval", "names web-of-yesterday")
			s.When().Shipped(story.NewApp("twin", "v2").Guarded("web").Env("HEALTH", "fail"))
			s.Then().IsPutBackAndVerified(story.NewApp("twin", "v1")).StateIs("web", "Held", "AwaitingApproval").NothingWasDoneTo("web")
			s.When().ApprovesByAnnotation("web", rollback)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := story.New(t)
			v1 := story.NewApp("web", "v1").Guarded("careful")
			s.Given().Policy("careful", "mode: Approve"+quick).Policy("web", quick).Good(v1, story.NewApp("twin", "v1").Guarded("web"))
			s.When().Shipped(v1.As("v2").Env("HEALTH", "fail"))
			rollback := s.Then().Waiting("web")
			s.Then().Holds("web", "AwaitingApproval", rollback, "waits for approval", "kubectl patch rollback", "lastgood.dev/approve").
				NothingWasDoneTo("web").TemplateChangedBy("web", "person")
			approve(s, rollback)
			s.Then().IsPutBackAndVerified(v1).TemplateChangedBy("web", "person", "lastgood").RecordIs(rollback, "Succeeded")
		})
	}
}

// Its ReplicaSet is there already, and gets its new number only after the template was seen.
func TestAnApprovalByAnnotationCountsForATemplateThatIsShippedAgain(t *testing.T) {
	s := story.New(t)
	v1 := story.NewApp("web", "v1").Guarded("web")
	bad := v1.As("v2").Env("HEALTH", "fail")
	s.Given().Policy("web", quick).Good(v1)
	s.When().Shipped(bad)
	s.Then().IsPutBackAndVerified(v1)
	s.When().Policy("web", "mode: Approve"+quick).Shipped(bad)
	rollback := s.Then().Waiting("web")
	s.When().ApprovesByAnnotation("web", rollback)
	s.Then().RecordIs(rollback, "Succeeded").IsPutBackAndVerified(v1).TemplateChangedBy("web", "person", "lastgood", "person", "lastgood")
}
