// Contest: a machine puts back what was rolled back. It is counted, and then nobody fights on; a person is taken at their word.
package scenarios

import (
	"context"
	"strings"
	"testing"

	"lastgood.dev/tests/e2e/scenarios/internal/story"
)

const contested = "selector: {matchLabels: {tier: web}}" + judgedInSeconds + "rollback: {verifyFor: 1s, cooldown: 0s, limit: {count: 2, within: 1h}}"

const (
	argosMark = "labels: {tier: web}, annotations: {argocd.argoproj.io/tracking-id: 'shop:apps/Deployment:here/web'}"
	fluxMarks = "labels: {tier: web, kustomize.toolkit.fluxcd.io/name: shop, kustomize.toolkit.fluxcd.io/namespace: flux-system}"
)

// A tool that marks what it brings as its own.
func appliedBy(manager, marks string) owner {
	return func(s *story.Story, n int) {
		text := strings.Replace(manifest(n, demoImage, 1), "labels: {tier: web}", marks, 1)
		s.Kubectl(text, "apply", "--server-side", "--field-manager="+manager, "-f", "-")
	}
}

// The second release is bad, and whatever becomes of it, its owner brings it again.
func TestAMachineThatPutsTheBadTemplateBackIsNotFoughtForEver(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		ship owner
		by   string
	}{
		"Helm":            {helmUpgrade, "Helm (helm"},
		"Argo CD":         {appliedBy("argocd-controller", argosMark), "Argo CD (argocd-controller, application shop)"},
		"Flux":            {appliedBy("kustomize-controller", fluxMarks), "Flux (kustomize-controller, Kustomization shop)"},
		"an unknown tool": {appliedBy("ci-bot", "labels: {tier: web}"), "ci-bot"},
	} {
		t.Run(name, func(t *testing.T) {
			s := story.New(t)
			web := story.NewApp("web", "v1")
			s.Given().Policy("web", contested)
			row.ship(s, 1)
			s.Then().IsGood(web)
			row.ship(s, 2)
			s.Then().IsPutBackAndVerified(web)
			row.ship(s, 2)
			s.Then().EventSays("web", "ReleaseSeen", "was rolled back before", row.by, "has put it back 1 times").
				HasRollbacks("web", 2).IsPutBackAndVerified(web)
			row.ship(s, 2)
			s.Then().IsFrozen("web", "Contested", row.by, "has put it back 2 times within 1h", "limit 2", "lastgood.dev/resume").
				TemplateChangedBy("web", "person", "lastgood", "person", "lastgood", "person")
			guard, _ := s.ThisGuard(context.Background(), "web")
			if len(guard.Status.Contests) != 2 || !strings.HasPrefix(guard.Status.Contests[0].By, row.by) {
				t.Errorf("the guard's contests are %+v", guard.Status.Contests)
			}
			// What the owner brings next is another template, and judged as ever.
			row.ship(s, 3)
			s.Then().IsGood(web.As("v3"))
		})
	}
}

func TestAPersonWhoAppliesTheBadTemplateAgainIsNoMachine(t *testing.T) {
	s := story.New(t)
	web := story.NewApp("web", "v1")
	s.Given().Policy("web", contested)
	ship := func(n int) { s.Kubectl(manifest(n, demoImage, 1), "apply", "-f", "-") }
	ship(1)
	s.Then().IsGood(web)
	ship(2)
	s.Then().IsPutBackAndVerified(web)
	ship(2)
	s.Then().EventSays("web", "ReleaseSeen", "was rolled back before and is judged afresh").
		HasRollbacks("web", 2).IsPutBackAndVerified(web).TemplateChangedBy("web", "person", "lastgood", "person", "lastgood")
	if guard, _ := s.ThisGuard(context.Background(), "web"); len(guard.Status.Contests) != 0 {
		t.Errorf("a person was counted as a machine: %+v", guard.Status.Contests)
	}
}
