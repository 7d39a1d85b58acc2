// A Deployment is deleted and created again during its rollback.
package scenarios

import (
	"context"
	"testing"

	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

// The new Deployment has the template of the bad release as its first revision. The controller must
// not restore the good revision of the deleted Deployment.
func TestDoesNotRollBackADeploymentThatWasCreatedAgain(t *testing.T) {
	scenario.OnlyLong(t)
	for _, write := range stepWrites {
		t.Run("before "+write.title, func(t *testing.T) {
			t.Parallel()
			s, proxy := scenario.NewBehindProxy(t)
			v1 := scenario.NewApp("web", "v1").Guarded("web")
			bad := v1.As("v2").Env("HEALTH", "fail")
			s.Given().Policy("web", firstFailurePolicy).Running(v1).ControllerStarted()
			s.Then().IsGood(v1)
			proxy.Before(write.name, func() {
				s.When().Deleted("web").Applied(bad.Edit(scenario.SchedulingGate))
			})
			s.When().Applied(bad)
			proxy.AwaitFault(never)
			startUnderEvaluation(s, "web")
			s.Then().StateIs("web", "Held", "NoLastGood").TemplateOfRecreatedChangedBy("web")
			if got := versionOf(s); got != "v2" {
				t.Errorf("the new Deployment runs %s; want v2", got)
			}
			t.Logf("%d Rollbacks remain", len(s.Rollbacks(context.Background(), "web")))
		})
	}
}
