// Once a rollback has started or ended, the schema rejects every change of its spec.
package scenarios

import (
	"context"
	"reflect"
	"testing"

	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

// specChanges has one change for each field that a user may set. `field` is the name that the error
// must mention. drill is not here, because its change depends on the Rollback.
var specChanges = []struct{ change, field string }{
	{`{"approved":true}`, "spec.approved"},
	{`{"toRevision":1}`, "toRevision"},
	{`{"force":true}`, "force"},
	{`{"deployment":"other"}`, "spec.deployment"},
}

func TestRejectsSpecChangesAfterARollbackHasStartedOrEnded(t *testing.T) {
	s := scenario.New(t)
	verifying := scenario.NewApp("verifying", "v1").Guarded("slow")
	finished := verifying.Named("finished").Guarded("web")
	observed := verifying.Named("observed").Guarded("observed")
	s.Given().Policy("web", quickPolicy).Policy("observed", "mode: Observe"+quickPolicy).
		Policy("slow", quickPolicyWithoutRollback+"rollback: {verifyFor: 1h}").
		Good(verifying, finished, observed)
	s.When().Applied(verifying.As("v2"), finished.As("v2").Env("HEALTH", "fail"),
		observed.As("v2").Env("HEALTH", "fail"))
	s.Then().IsGood(verifying.As("v2"))
	s.When().RollbackRequested("rehearsal", "{deployment: verifying, drill: true}")
	s.Then().RollbackIs("rehearsal", "Succeeded")
	s.When().RollbackRequested("manual", "{deployment: verifying}")
	s.Then().RollbackIs("manual", "Verifying").IsRestoredAndVerified(finished).
		StateIs("observed", "Held", "Observing")
	finishedRollback := s.Then().LatestRollback("finished").Metadata.Name
	s.Then().HasRollbackObjects("observed", 1)
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
		HasNoControllerWrites("observed")
}
