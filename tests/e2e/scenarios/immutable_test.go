// A Rollback records a decision. The schema rejects every change of its spec after that.
package scenarios

import (
	"context"
	"reflect"
	"testing"

	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

// specChanges has one change for each field that a user may set, and the field in the error.
var specChanges = []struct{ change, field string }{
	{`{"approved":true}`, "spec.approved"},
	{`{"toRevision":1}`, "toRevision"},
	{`{"force":true}`, "force"},
	{`{"deployment":"other"}`, "spec.deployment"},
}

func TestRejectsChangesOfARollbackThatWasDecided(t *testing.T) {
	s := scenario.New(t)
	begun := scenario.NewApp("begun", "v1").Guarded("slow")
	over, observed := begun.Named("over").
		Guarded("web"),
		begun.Named("observed").
			Guarded("observed")
	s.Given().Policy("web", quickPolicy).Policy("observed", "mode: Observe"+quickPolicy).
		Policy("slow", quickChecks+"rollback: {verifyFor: 1h}").Good(begun, over, observed)
	s.When().Applied(begun.As("v2"), over.As("v2").Env("HEALTH", "fail"),
		observed.As("v2").Env("HEALTH", "fail"))
	s.Then().IsGood(begun.As("v2"))
	s.When().RollbackRequested("rehearsal", "{deployment: begun, drill: true}")
	s.Then().RollbackIs("rehearsal", "Succeeded")
	s.When().RollbackRequested("manual", "{deployment: begun}")
	s.Then().RollbackIs("manual", "Verifying").IsRolledBackAndVerified(over).
		StateIs("observed", "Held", "Observing")
	finished := s.Then().LatestRollback("over").Metadata.Name
	s.Then().HasRollbacksOfAnyKind("observed", 1)
	wouldBe := s.AllRollbacks(context.Background(), "observed")[0].Metadata.Name
	for _, row := range []struct{ rollback, phase, changeOfDrill string }{
		{"manual", "Verifying", `{"drill":true}`},
		{finished, "Succeeded", `{"drill":true}`},
		{wouldBe, "Observed", `{"drill":true}`},
		{"rehearsal", "Succeeded", `{"drill":false}`},
	} {
		want := s.Rollback(row.rollback).Spec
		for _, one := range specChanges {
			s.Then().RejectsChange(row.rollback, one.change, one.field)
		}
		s.Then().RejectsChange(row.rollback, row.changeOfDrill, "drill").
			RejectsChange(row.rollback, `{"causedBy":"somebody"}`).
			RollbackIs(row.rollback, row.phase)
		if got := s.Rollback(row.rollback).Spec; !reflect.DeepEqual(got, want) {
			t.Errorf("the spec of Rollback %s changed from %+v to %+v", row.rollback, want, got)
		}
	}
	s.Then().TemplateChangedBy("begun", "user", "lastgood").
		TemplateChangedBy("over", "user", "lastgood").
		IsUntouched("observed")
}
