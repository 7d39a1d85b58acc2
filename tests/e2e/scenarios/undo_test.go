// The clean undo: after a rollback, the owner's next release behaves as if the bad one had never been. Each way to ship has
// its own idea of what it owns.
package scenarios

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"lastgood.dev/tests/e2e/scenarios/internal/story"
)

// Ships release n, 1 to 3. Every release has a variable that no other has; the second one's health fails.
type owner func(s *story.Story, n int)

func TestTheOwnersNextReleaseIsAsIfTheBadOneHadNeverBeen(t *testing.T) {
	t.Parallel()
	for name, ship := range map[string]owner{
		"kubectl apply": func(s *story.Story, n int) { s.Kubectl(manifest(n, demoImage, 1), "apply", "-f", "-") },
		"kubectl apply --server-side": func(s *story.Story, n int) {
			s.Kubectl(manifest(n, demoImage, 1), "apply", "--server-side", "-f", "-")
		},
		"helm upgrade": helmUpgrade,
		"kubectl set env": func(s *story.Story, n int) {
			if n == 1 {
				s.Kubectl(manifest(1, demoImage, 1), "create", "-f", "-")
				return
			}
			s.Kubectl("", "set", "env", "deployment/web", fmt.Sprintf("RELEASE=%d", n), "HEALTH="+healthOf(n), fmt.Sprintf("ONLY_%d=1", n), "ONLY_1-")
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := story.New(t)
			web := story.NewApp("web", "v1")
			s.Given().Policy("web", "selector: {matchLabels: {tier: web}}"+quick)
			ship(s, 1)
			s.Then().IsGood(web)
			ship(s, 2)
			s.Then().IsPutBackAndVerified(web)
			ship(s, 3)
			s.Then().IsGood(web.As("v3")).TemplateChangedBy("web", "person", "lastgood", "person")
			want := []string{"HEALTH=ok", "ONLY_3=1", "RELEASE=3"}
			if is := environment(s); !slices.Equal(is, want) {
				t.Errorf("after the third release the environment is %q; want %q", is, want)
			}
		})
	}
}

func helmUpgrade(s *story.Story, n int) {
	s.Helm("upgrade", "--install", "web", "testdata/web-chart", "--set", fmt.Sprintf("release=%d,health=%s", n, healthOf(n)))
}

// kubectl set image: the second image does not exist, the third is another one that does.
func TestAfterKubectlSetImageTheNextImageIsSetAsEver(t *testing.T) {
	s := story.New(t)
	web := story.NewApp("web", "v1")
	s.Given().Policy("web", "{selector: {matchLabels: {tier: web}}, bakeTime: 3s, rollback: {verifyFor: 2s}}")
	s.Kubectl(manifest(1, demoImage, 1), "apply", "-f", "-")
	s.Then().IsGood(web)
	s.Kubectl("", "set", "image", "deployment/web", "app="+story.EmptyRegistry(t)+"/demo-app:never-built")
	s.Then().IsPutBackAndVerified(web).BecauseOf("web", "rollout", "ImagePull")
	s.Kubectl("", "set", "image", "deployment/web", "app=lastgood.dev/pause:dev")
	s.Then().IsGood(web.As("v3")).TemplateChangedBy("web", "person", "lastgood", "person")
	// The first owner takes the image back, and nothing else changes.
	s.Kubectl(manifest(1, demoImage, 1), "apply", "-f", "-")
	s.Then().UndoneCleanlyBut(web, "kubectl-set")
}

const demoImage = "lastgood.dev/demo-app:dev"

func healthOf(n int) string {
	if n == 2 {
		return "fail"
	}
	return "ok"
}

func manifest(n int, image string, replicas int) string {
	return fmt.Sprintf(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {tier: web}}
spec:
  replicas: %d
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
`, replicas, image, n, healthOf(n), n)
}

func environment(s *story.Story) []string {
	var all []string
	for _, variable := range s.Deployment(context.Background(), "web").Spec.Template.Spec.Containers[0].Env {
		all = append(all, variable.Name+"="+variable.Value)
	}
	slices.SortFunc(all, strings.Compare)
	return all
}
