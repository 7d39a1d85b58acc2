// The clean undo: after a rollback, the owner's next release gives the same result as without the
// bad release. Each way to ship owns different fields.
package scenarios

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

// owner ships release n, from 1 to 3. Each release has a variable that no other release has. The
// health check of the second release fails.
type owner func(s *scenario.Scenario, n int)

const demoImage = "lastgood.dev/demo-app:dev"

func TestNextReleaseContainsNothingOfTheBadRelease(t *testing.T) {
	t.Parallel()
	for name, ship := range map[string]owner{
		"kubectl apply": func(s *scenario.Scenario, n int) {
			s.Kubectl(manifest(n), "apply", "-f", "-")
		},
		"kubectl apply --server-side": func(s *scenario.Scenario, n int) {
			s.Kubectl(manifest(n), "apply", "--server-side", "-f", "-")
		},
		"helm upgrade": helmUpgrade,
		"kubectl set env": func(s *scenario.Scenario, n int) {
			if n == 1 {
				s.Kubectl(manifest(1), "create", "-f", "-")
				return
			}
			s.Kubectl("", "set", "env", "deployment/web", fmt.Sprintf("RELEASE=%d", n),
				"HEALTH="+healthOf(n), fmt.Sprintf("ONLY_%d=1", n), "ONLY_1-")
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := scenario.New(t)
			web := scenario.NewApp("web", "v1")
			s.Given().Policy("web", "selector: {matchLabels: {tier: web}}"+quickPolicy)
			ship(s, 1)
			s.Then().IsGood(web)
			ship(s, 2)
			s.Then().IsRolledBackAndVerified(web)
			ship(s, 3)
			s.Then().IsGood(web.As("v3")).TemplateChangedBy("web", "user", "lastgood", "user")
			want := []string{"HEALTH=ok", "ONLY_3=1", "RELEASE=3"}
			if got := environment(s); !slices.Equal(got, want) {
				t.Errorf("the environment of the third release is %q; want %q", got, want)
			}
		})
	}
}

func helmUpgrade(s *scenario.Scenario, n int) {
	s.Helm("upgrade", "--install", "web", "testdata/web-chart",
		"--set", fmt.Sprintf("release=%d,health=%s", n, healthOf(n)))
}

// The second image does not exist; the third is another image that exists.
func TestKubectlSetImageWorksAfterARollback(t *testing.T) {
	s := scenario.New(t)
	web := scenario.NewApp("web", "v1")
	s.Given().Policy("web",
		"{selector: {matchLabels: {tier: web}}, bakeTime: 3s, rollback: {verifyFor: 2s}}")
	s.Kubectl(manifest(1), "apply", "-f", "-")
	s.Then().IsGood(web)
	s.Kubectl("", "set", "image", "deployment/web",
		"app="+scenario.EmptyRegistry(t)+"/demo-app:never-built")
	s.Then().IsRolledBackAndVerified(web).CausedByCheck("web", "rollout", "ImagePull")
	s.Kubectl("", "set", "image", "deployment/web", "app=lastgood.dev/pause:dev")
	s.Then().IsGood(web.As("v3")).TemplateChangedBy("web", "user", "lastgood", "user")
	// The first owner applies its image again, and no other field changes.
	s.Kubectl(manifest(1), "apply", "-f", "-")
	s.Then().IsCleanUndoExceptFor(web, "kubectl-set")
}

func healthOf(n int) string {
	if n == 2 {
		return "fail"
	}
	return "ok"
}

// manifest returns the Deployment of release n.
func manifest(n int) string {
	return fmt.Sprintf(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {tier: web}}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - name: app
        image: %s
        env:
        - {name: RELEASE, value: "%d"}
        - {name: HEALTH, value: "%s"}
        - {name: ONLY_%d, value: "1"}
`, demoImage, n, healthOf(n), n)
}

func environment(s *scenario.Scenario) []string {
	deployment := s.Deployment(context.Background(), "web")
	var all []string
	for _, variable := range deployment.Spec.Template.Spec.Containers[0].Env {
		all = append(all, variable.Name+"="+variable.Value)
	}
	slices.SortFunc(all, strings.Compare)
	return all
}
