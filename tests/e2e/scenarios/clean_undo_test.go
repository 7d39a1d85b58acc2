// The clean undo: after a rollback, the owner's next release gives the same result as without the
// bad release. With each way to ship, the fields of the template have other owners.
package scenarios

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

// shipFunc ships release n of the Deployment web. Only release n has the variable ONLY_n. The
// health check of release 2 fails.
type shipFunc func(s *scenario.Scenario, n int)

const demoImage = "lastgood.dev/demo-app:dev"

func TestNextReleaseContainsNothingOfTheBadRelease(t *testing.T) {
	t.Parallel()
	for name, ship := range map[string]shipFunc{
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
			s.Then().IsRestoredAndVerified(web)
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

// The image of release 2 does not exist. Release 3 has another image, which exists.
func TestKubectlSetImageWorksAfterARollback(t *testing.T) {
	s := scenario.New(t)
	web := scenario.NewApp("web", "v1")
	s.Given().Policy("web",
		"{selector: {matchLabels: {tier: web}}, bakeTime: 3s, rollback: {verifyFor: 2s}}")
	s.Kubectl(manifest(1), "apply", "-f", "-")
	s.Then().IsGood(web)
	s.Kubectl("", "set", "image", "deployment/web",
		"app="+scenario.EmptyRegistry(t)+"/demo-app:never-built")
	s.Then().IsRestoredAndVerified(web).CausedByCheck("web", "rollout", "ImagePull")
	s.Kubectl("", "set", "image", "deployment/web", "app=lastgood.dev/pause:dev")
	s.Then().IsGood(web.As("v3")).TemplateChangedBy("web", "user", "lastgood", "user")
	// kubectl apply, the first owner, ships release 1 again. Only kubectl-set may remain as a new
	// owner.
	s.Kubectl(manifest(1), "apply", "-f", "-")
	s.Then().IsCleanUndoExceptFor(web, "kubectl-set")
}

func healthOf(n int) string {
	if n == 2 {
		return "fail"
	}
	return "ok"
}

// manifest returns the Deployment of release n as YAML.
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

// environment returns the variables of the container as NAME=VALUE, sorted.
func environment(s *scenario.Scenario) []string {
	deployment := s.Deployment(context.Background(), "web")
	var all []string
	for _, variable := range deployment.Spec.Template.Spec.Containers[0].Env {
		all = append(all, variable.Name+"="+variable.Value)
	}
	slices.SortFunc(all, strings.Compare)
	return all
}
