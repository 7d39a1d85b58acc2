// Contest: a tool applies a template again that was rolled back. The controller counts the contests
// and freezes the Deployment at the limit. If a user applies the template again, it is evaluated
// again and is no contest.
package scenarios

import (
	"context"
	"strings"
	"testing"
	"time"

	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

const contestPolicy = "selector: {matchLabels: {tier: web}}" + quickPolicyWithoutRollback +
	"rollback: {verifyFor: 1s, cooldown: 0s, limit: {count: 2, within: 1h}}"

const (
	argoMetadata = "labels: {tier: web}, annotations: " +
		"{argocd.argoproj.io/tracking-id: 'shop:apps/Deployment:here/web'}"
	fluxMetadata = "labels: {tier: web, kustomize.toolkit.fluxcd.io/name: shop, " +
		"kustomize.toolkit.fluxcd.io/namespace: flux-system}"
)

// appliedBy returns a function that ships as a tool does: with its field manager and its labels or
// annotations.
func appliedBy(manager, metadata string) shipFunc {
	return func(s *scenario.Scenario, n int) {
		text := strings.Replace(manifest(n), "labels: {tier: web}", metadata, 1)
		s.Kubectl(text, "apply", "--server-side", "--field-manager="+manager, "-f", "-")
	}
}

// Release 2 is bad, and the tool applies it again after each rollback. The limit is 2 contests.
func TestFreezesWhenAToolKeepsApplyingTheBadTemplate(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		ship shipFunc
		// tool begins the text by which messages name the tool.
		tool string
	}{
		"Helm": {helmUpgrade, "Helm (helm"},
		"Argo CD": {appliedBy("argocd-controller", argoMetadata),
			"Argo CD (argocd-controller, application shop)"},
		"Flux": {appliedBy("kustomize-controller", fluxMetadata),
			"Flux (kustomize-controller, Kustomization shop)"},
		"an unknown tool": {appliedBy("ci-bot", "labels: {tier: web}"), "ci-bot"},
	} {
		t.Run(name, func(t *testing.T) {
			s := scenario.New(t)
			web := scenario.NewApp("web", "v1")
			s.Given().Policy("web", contestPolicy)
			row.ship(s, 1)
			s.Then().IsGood(web)
			row.ship(s, 2)
			s.Then().IsRestoredAndVerified(web)
			row.ship(s, 2)
			const contestCount = "1"
			s.Then().HasEvent("web", "ReleaseSeen", rolledBackBefore, row.tool, contestCount).
				HasRollbacks("web", 2).IsRestoredAndVerified(web)
			row.ship(s, 2)
			s.Then().IsFrozen("web", "Contested", row.tool, "2", "lastgood.dev/resume").
				TemplateChangedBy("web", "user", "lastgood", "user", "lastgood", "user")
			guard, _ := s.Guard(context.Background(), "web")
			contests := guard.Status.Contests
			if len(contests) != 2 || !strings.HasPrefix(contests[0].By, row.tool) {
				t.Errorf("the guard's contests are %+v; want 2 by %s", contests, row.tool)
			}
			// The next template of the tool is different and gets a normal evaluation.
			row.ship(s, 3)
			s.Then().IsGood(web.As("v3"))
		})
	}
}

// Between two applications of the bad template, the tool waits for longer than the period of the
// limit. The applications count as contests, however much time passes between them.
func TestFreezesWhenAToolAppliesTheBadTemplateAgainAfterThePeriod(t *testing.T) {
	const period = time.Minute
	s := scenario.New(t)
	web := scenario.NewApp("web", "v1")
	ship := appliedBy("kustomize-controller", fluxMetadata)
	s.Given().Policy("web", "selector: {matchLabels: {tier: web}}"+quickPolicyWithoutRollback+
		"rollback: {verifyFor: 1s, cooldown: 0s, limit: {count: 2, within: 1m}}")
	ship(s, 1)
	s.Then().IsGood(web)
	ship(s, 2)
	for returns := range 2 {
		s.Then().HasRollbacks("web", returns+1).IsRestoredAndVerified(web)
		s.When().TimePassed(period + time.Second)
		ship(s, 2)
	}
	s.Then().IsFrozen("web", "Contested", "Kustomization shop", "2").
		TemplateChangedBy("web", "user", "lastgood", "user", "lastgood", "user")
}

func TestEvaluatesAgainWhenAUserAppliesTheBadTemplateAgain(t *testing.T) {
	s := scenario.New(t)
	web := scenario.NewApp("web", "v1")
	s.Given().Policy("web", contestPolicy)
	ship := func(n int) { s.Kubectl(manifest(n), "apply", "-f", "-") }
	ship(1)
	s.Then().IsGood(web)
	ship(2)
	s.Then().IsRestoredAndVerified(web)
	ship(2)
	s.Then().HasEvent("web", "ReleaseSeen", rolledBackBefore).
		HasRollbacks("web", 2).IsRestoredAndVerified(web).
		TemplateChangedBy("web", "user", "lastgood", "user", "lastgood")
	guard, _ := s.Guard(context.Background(), "web")
	if len(guard.Status.Contests) != 0 {
		t.Errorf("a user's change is counted as a contest: %+v", guard.Status.Contests)
	}
}
