// A Rollback records a decision. After the decision, the schema rejects every change of its spec.
package scenarios

import (
	"context"
	"reflect"
	"testing"

	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

// specChanges has a change of each field that a user may set, except drill, and the name of the
// field in the error.
var specChanges = []struct{ change, field string }{
	{`{"approved":true}`, "spec.approved"},
	{`{"toRevision":1}`, "toRevision"},
	{`{"force":true}`, "force"},
	{`{"deployment":"other"}`, "spec.deployment"},
}

func TestRejectsSpecChangesAfterARollbackWasDecided(t *testing.T) {
	s := scenario.New(t)
	verifying := scenario.NewApp("verifying", "v1").Guarded("slow")
	finished := verifying.Named("finished").Guarded("web")
	observed := verifying.Named("observed").Guarded("observed")
	s.Given().Policy("web", quickPolicy).Policy("observed", "mode: Observe"+quickPolicy).
		Policy("slow", quickChecks+"rollback: {verifyFor: 1h}").Good(verifying, finished, observed)
	s.When().Applied(verifying.As("v2"), finished.As("v2").Env("HEALTH", "fail"),
		observed.As("v2").Env("HEALTH", "fail"))
	s.Then().IsGood(verifying.As("v2"))
	s.When().RollbackRequested("rehearsal", "{deployment: verifying, drill: true}")
	s.Then().RollbackIs("rehearsal", "Succeeded")
	s.When().RollbackRequested("manual", "{deployment: verifying}")
	s.Then().RollbackIs("manual", "Verifying").IsRolledBackAndVerified(finished).
		StateIs("observed", "Held", "Observing")
	finishedRollback := s.Then().LatestRollback("finished").Metadata.Name
	s.Then().HasRollbacksOfAnyKind("observed", 1)
	observedRollback := s.AllRollbacks(context.Background(), "observed")[0].Metadata.Name
	for _, row := range []struct{ rollback, phase, changeOfDrill string }{
		{"manual", "Verifying", `{"drill":true}`},
		{finishedRollback, "Succeeded", `{"drill":true}`},
		{observedRollback, "Observed", `{"drill":true}`},
		{"rehearsal", "Succeeded", `{"drill":false}`},
	} {
		want := s.Rollback(row.rollback).Spec
		for _, specChange := range specChanges {
			s.Then().RejectsChange(row.rollback, specChange.change, specChange.field)
		}
		s.Then().RejectsChange(row.rollback, row.changeOfDrill, "drill").
			RejectsChange(row.rollback, `{"causedBy":"somebody"}`).
			RollbackIs(row.rollback, row.phase)
		if got := s.Rollback(row.rollback).Spec; !reflect.DeepEqual(got, want) {
			t.Errorf("the spec of Rollback %s changed from %+v to %+v", row.rollback, want, got)
		}
	}
	s.Then().TemplateChangedBy("verifying", "user", "lastgood").
		TemplateChangedBy("finished", "user", "lastgood").
		IsUntouched("observed")
}
