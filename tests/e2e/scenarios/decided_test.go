// What was decided stays as it was recorded: the schema refuses every change of it, and says what to do instead.
package scenarios

import (
	"context"
	"reflect"
	"testing"

	"lastgood.dev/tests/e2e/scenarios/internal/story"
)

const (
	anotherOne = "make another Rollback"
	recorded   = "nothing can be added or taken away - it records what was decided"
)

// One row a field.
var changesOfMind = []struct{ change, says string }{
	{`{"approved":true}`, "spec.approved: Invalid value: can be changed only while the phase is Pending - this rollback has begun or is over"},
	{`{"toRevision":1}`, "toRevision cannot be changed - " + anotherOne},
	{`{"force":true}`, "force cannot be changed - " + anotherOne},
	{`{"deployment":"other"}`, "spec.deployment: Invalid value: \"other\": cannot be changed - " + anotherOne},
}

func TestWhatWasDecidedCannotBeChanged(t *testing.T) {
	s := story.New(t)
	begun, over := story.NewApp("begun", "v1").Guarded("slow"), story.NewApp("over", "v1").Guarded("web")
	observed := story.NewApp("observed", "v1").Guarded("observed")
	s.Given().Policy("web", quick).Policy("observed", "mode: Observe"+quick).
		Policy("slow", judgedInSeconds+"rollback: {verifyFor: 1h}").Good(begun, over, observed)
	s.When().Shipped(begun.As("v2"), over.As("v2").Env("HEALTH", "fail"), observed.As("v2").Env("HEALTH", "fail"))
	s.Then().IsGood(begun.As("v2"))
	s.When().AsksForRollback("drill", "{deployment: begun, drill: true}")
	s.Then().RecordIs("drill", "Succeeded")
	s.When().AsksForRollback("by-hand", "{deployment: begun}")
	s.Then().RecordIs("by-hand", "Verifying").IsPutBackAndVerified(over).StateIs("observed", "Held", "Observing")
	finished := s.Then().Rolledback("over").Metadata.Name
	s.Then().HasRecords("observed", 1)
	wouldBe := s.Records(context.Background(), "observed")[0].Metadata.Name
	for _, row := range []struct{ rollback, phase, otherwiseDrilled, added string }{
		{"by-hand", "Verifying", `{"drill":true}`, recorded},
		{finished, "Succeeded", `{"drill":true}`, recorded},
		{wouldBe, "Observed", `{"drill":true}`, recorded},
		{"drill", "Succeeded", `{"drill":false}`, "are filled in by the controller - leave them out"},
	} {
		was := s.Record(row.rollback).Spec
		for _, mind := range changesOfMind {
			s.Then().CannotBeChanged(row.rollback, mind.change, mind.says)
		}
		s.Then().CannotBeChanged(row.rollback, row.otherwiseDrilled, "drill cannot be changed - "+anotherOne).
			CannotBeChanged(row.rollback, `{"causedBy":"somebody"}`, row.added).RecordIs(row.rollback, row.phase)
		if is := s.Record(row.rollback).Spec; !reflect.DeepEqual(is, was) {
			t.Errorf("Rollback %s said %+v and says %+v", row.rollback, was, is)
		}
	}
	s.Then().TemplateChangedBy("begun", "person", "lastgood").TemplateChangedBy("over", "person", "lastgood").NothingWasDoneTo("observed")
}
