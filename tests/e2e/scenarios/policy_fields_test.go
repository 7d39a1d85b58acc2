// Each field of a policy is changed while a release is evaluated.
package scenarios

import (
	"path/filepath"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/yaml"

	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

// usableFields replace fields of the example everything.yaml, with which a healthy release of the
// test application is not rolled back.
const usableFields = `
mode: Enforce
suspend: false
startupGrace: 0s
rollout: {progressDeadline: true, crashLoopRestarts: 3, initCrashLoopRestarts: 3,
  imagePullErrors: true, configErrors: true, configErrorsFor: 1h, unavailableFor: 1h}
rollback: {cooldown: 0s, limit: {count: 20, within: 168h}, maxRevisionsBack: 15,
  drill: {afterGood: false, every: 8760h}, verifyFor: 1s}
`

const usableCheck = `
name: health
http: {target: Pods, scheme: http, port: 8080, path: /health, expectedStatus: 200-399, timeout: 2s,
  maxFailingPods: 0%}
interval: 2s
failureThreshold: 1
`

// A field has another value, valid or not, for a moment, and is then corrected. The controller must
// not restore a template meanwhile, because the release is healthy. In the end it must act as if
// nobody had changed the policy.
func TestActsTheSameAfterEachFieldOfThePolicyWasChangedAndCorrected(t *testing.T) {
	scenario.OnlyLong(t)
	const changedFor = 300 * time.Millisecond
	s, app := presumedGood(t)
	spec := usablePolicy(t, s)
	s.When().Applied(app.As("v2")).Available("web")
	s.Then().IsBaking("web").CheckIs("web", "health", "Pass", "Passed")
	accepted, rejected := 0, 0
	for _, field := range s.PolicyFields(spec) {
		for _, value := range field.Others() {
			s.When().PolicySpecSet("web", spec)
			err := s.When().PolicyFieldChanged("web", field, value)
			switch {
			case err == nil:
				accepted++
				s.When().TimePassed(changedFor)
			case apierrors.IsInvalid(err), apierrors.IsBadRequest(err):
				rejected++
			default:
				t.Errorf("%s, %s: %v", field.Name, value, err)
			}
			if len(s.Rollbacks(t.Context(), "web")) > 0 {
				t.Fatalf("%s, %s: there is a Rollback", field.Name, value)
			}
		}
	}
	t.Logf("the API server accepted %d values and rejected %d", accepted, rejected)
	s.Then().LeaseIsKept()
	// Checks of the example fail, such as that of a URL that does not exist. They never passed for
	// another revision, so they may only hold the release.
	var usual map[string]any
	if err := yaml.Unmarshal([]byte(firstFailureLongBake), &usual); err != nil {
		t.Fatal(err)
	}
	s.When().PolicySpecSet("web", usual).TimePassed(changedFor)
	s.Then().IsBaking("web").CheckIs("web", "health", "Pass", "Passed")
	s.When().SetInRunningPods("web", "HEALTH=fail")
	expectOneRollback(s)
	s.Then().LeaseIsKept()
}

// usablePolicy returns the spec of everything.yaml with the fields and the check above.
func usablePolicy(t *testing.T, s *scenario.Scenario) map[string]any {
	t.Helper()
	var example struct{ Spec map[string]any }
	var check map[string]any
	file := filepath.Join(s.Cluster.Project, "tests/e2e/crd-examples/good/everything.yaml")
	for _, err := range []error{yaml.Unmarshal([]byte(read(t, file)), &example),
		yaml.Unmarshal([]byte(usableFields), &example.Spec),
		yaml.Unmarshal([]byte(usableCheck), &check)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	checks, _ := example.Spec["checks"].([]any)
	checks[0] = check
	return example.Spec
}
