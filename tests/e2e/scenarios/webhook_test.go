// An admission webhook hangs that the controller's writes pass.
package scenarios

import (
	"strings"
	"testing"
	"time"

	admission "k8s.io/api/admissionregistration/v1"

	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

// The webhook hangs for longer than two renew deadlines of the Lease. A write that hangs times out
// on both sides: first in the controller, then in the API server. With the policy Ignore the API
// server admits it then.
func TestRollsBackOnceWhenAWebhookHangs(t *testing.T) {
	const hangsFor = 25 * time.Second
	resources := []string{"deployments"}
	if scenario.IsLong() {
		resources = append(resources, "rollbacks", "deploymentguards/status")
	}
	for _, resource := range resources {
		for _, policy := range []admission.FailurePolicyType{admission.Ignore, admission.Fail} {
			name := strings.ReplaceAll(resource, "/", ".") + " " + string(policy)
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				s, app := presumedGood(t)
				s.When().Applied(app.As("v2")).Available("web")
				s.Then().StateIs("web", "Evaluating", "Baking").
					CheckIs("web", "health", "Pass", "Passed")
				hook := s.When().WebhookHangs(resource, policy)
				failed := time.Now()
				s.When().SetInRunningPods("web", "HEALTH=fail")
				hook.AwaitRequest()
				s.When().TimePassed(hangsFor)
				s.Then().LeaseIsKept()
				hook.Remove()
				removed := time.Now()
				expectOneRollback(s)
				s.Then().LeaseIsKept()
				t.Logf("%d requests hung; restored and verified %.1f s after the first failure, "+
					"%.1f s after the webhook was removed", hook.Requests(),
					time.Since(failed).Seconds(), time.Since(removed).Seconds())
			})
		}
	}
}
