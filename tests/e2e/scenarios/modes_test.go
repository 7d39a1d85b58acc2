// Modes of a policy: Observe records a rollback without doing it; Approve waits for a user.
package scenarios

import (
	"context"
	"testing"

	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

func TestRecordsTheRollbackWithoutDoingItWhenModeIsObserve(t *testing.T) {
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1").Guarded("observed")
	twin := v1.Named("twin").Guarded("web")
	s.Given().Policy("observed", "mode: Observe"+quickPolicy).Policy("web", quickPolicy).
		Good(v1, twin)
	s.When().Applied(v1.As("v2").Env("HEALTH", "fail")).
		Applied(twin.As("v2").Env("HEALTH", "fail"))
	s.Then().IsHeld("web", "Observing", "RollbackPolicy/observed", "Observe", "revision 1").
		IsRestoredAndVerified(twin).StateIs("web", "Held", "Observing").
		HasNoControllerWrites("web").TemplateChangedBy("web", "user")
	rollbacks := s.AllRollbacks(context.Background(), "web")
	if len(rollbacks) != 1 {
		t.Fatalf("there are %d Rollbacks; want one: %+v", len(rollbacks), rollbacks)
	}
	spec, status := rollbacks[0].Spec, rollbacks[0].Status
	if status.Phase != "Observed" || status.Finished == nil || spec.Check != "health" ||
		spec.To.Number != 1 {
		t.Errorf("the rollback is recorded as %+v", rollbacks[0])
	}
	s.When().SetInRunningPods("web", "HEALTH=ok")
	s.Then().IsGood(v1.As("v2")).HasNoControllerWrites("web")
}

func TestWaitsForApprovalWhenModeIsApprove(t *testing.T) {
	t.Parallel()
	for name, approve := range map[string]func(s *scenario.Scenario, rollback string){
		"by the spec of the Rollback": func(s *scenario.Scenario, rollback string) {
			s.When().Approved(rollback)
		},
		"by an annotation of the Deployment": func(s *scenario.Scenario, rollback string) {
			expectNoApprovalByWrongName(s, rollback)
			s.When().ApprovedByAnnotation("web", rollback)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := scenario.New(t)
			v1 := scenario.NewApp("web", "v1").Guarded("careful")
			s.Given().Policy("careful", "mode: Approve"+quickPolicy).Policy("web", quickPolicy).
				Good(v1, scenario.NewApp("twin", "v1").Guarded("web"))
			s.When().Applied(v1.As("v2").Env("HEALTH", "fail"))
			rollback := s.Then().PendingApproval("web")
			s.Then().
				IsHeld("web", "AwaitingApproval",
					"check health is breached (WrongStatus)", "kubectl patch rollback "+rollback,
					"lastgood.dev/approve="+rollback, "kubectl delete rollback "+rollback).
				HasNoControllerWrites("web").TemplateChangedBy("web", "user")
			approve(s, rollback)
			s.Then().IsRestoredAndVerified(v1).
				TemplateChangedBy("web", "user", "lastgood").
				RollbackIs(rollback, "Succeeded")
		})
	}
}

// expectNoApprovalByWrongName sets the annotation to the name of a Rollback that does not exist.
// The rollback of a twin shows that the controller had the time to act.
func expectNoApprovalByWrongName(s *scenario.Scenario, rollback string) {
	s.T.Helper()
	const wrong = "web-of-yesterday"
	s.When().ApprovedByAnnotation("web", wrong)
	s.Then().HasEvent("web", "RollbackHeld", "lastgood.dev/approve", wrong, rollback).
		RollbackIs(rollback, "Pending", "AwaitingApproval", wrong)
	s.When().Applied(scenario.NewApp("twin", "v2").Guarded("web").Env("HEALTH", "fail"))
	s.Then().IsRestoredAndVerified(scenario.NewApp("twin", "v1")).
		StateIs("web", "Held", "AwaitingApproval").HasNoControllerWrites("web")
}

// The ReplicaSet of the bad template exists already. Lastgood sees the template before Kubernetes
// gives this ReplicaSet a new revision number.
func TestAcceptsAnApprovalWhenTheSameTemplateIsAppliedAgain(t *testing.T) {
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1").Guarded("web")
	bad := v1.As("v2").Env("HEALTH", "fail")
	s.Given().Policy("web", quickPolicy).Good(v1)
	s.When().Applied(bad)
	s.Then().IsRestoredAndVerified(v1)
	s.When().Policy("web", "mode: Approve"+quickPolicy).Applied(bad)
	rollback := s.Then().PendingApproval("web")
	s.When().ApprovedByAnnotation("web", rollback)
	s.Then().RollbackIs(rollback, "Succeeded").IsRestoredAndVerified(v1).
		TemplateChangedBy("web", "user", "lastgood", "user", "lastgood")
}
