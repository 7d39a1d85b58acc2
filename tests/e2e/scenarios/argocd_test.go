// Argo CD: the real one applies a Deployment from Git. No controller of Lastgood runs.
package scenarios

import (
	"context"
	"testing"
	"time"

	"lastgood.dev/tests/e2e/internal/gitops"
	"lastgood.dev/tests/e2e/internal/local/layout"
	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

const otherImage = layout.LocalRegistry + "/other:dev"

// patched changes the image, as a user in a hurry does.
func patched(s *scenario.Scenario) time.Time {
	s.T.Helper()
	began := time.Now()
	s.Kubectl("", "set", "image", "deployment/web", "app="+otherImage)
	return began
}

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// shop returns an Application of the folder web.
func shop(s *scenario.Scenario, repository *scenario.Repository) gitops.Application {
	return gitops.Application{Name: "shop", Namespace: s.Namespace,
		Sources: []gitops.Source{{URL: repository.URL, Path: "web"}}}
}

func TestArgoCDAppliesCommitsAndRevertsPatches(t *testing.T) {
	scenario.OnlyLong(t)
	ctx := context.Background()
	s := scenario.NewWithoutController(t)
	web := scenario.NewApp("web", "v1")
	repository := s.Given().Repository("shop")
	first := repository.CommitApps("web", web)
	argo := s.Given().ArgoCD()
	noError(t, argo.CreateApplication(ctx, shop(s, repository)))
	s.Then().ApplicationIs(argo, "shop", first)
	began := patched(s)
	s.Then().ImageIs("web", layout.DemoImage)
	t.Logf("the patch was reverted after %s", time.Since(began).Round(time.Millisecond))
	s.Then().ApplicationIs(argo, "shop", first)
	second := repository.CommitApps("web", web.As("v2"))
	s.Then().ApplicationIs(argo, "shop", second).VersionIs("web", "v2")

	// Without automation, nothing is reverted, and a new commit is only reported.
	noError(t, argo.SetAutomated(ctx, "shop", false))
	patched(s)
	third := repository.CommitApps("web", web.As("v3"))
	s.Then().ApplicationIsOutOfSync(argo, "shop", third)
	s.When().TimePassed(2 * gitops.ResyncPeriod)
	s.Then().ImageIs("web", otherImage).VersionIs("web", "v2")
	noError(t, argo.SetAutomated(ctx, "shop", true))
	s.Then().ApplicationIs(argo, "shop", third).VersionIs("web", "v3").
		ImageIs("web", layout.DemoImage)
}

func TestArgoCDSyncsAnEarlierCommitOnRequest(t *testing.T) {
	scenario.OnlyLong(t)
	ctx := context.Background()
	s := scenario.NewWithoutController(t)
	web := scenario.NewApp("web", "v1")
	repository := s.Given().Repository("shop")
	first := repository.CommitApps("web", web)
	argo := s.Given().ArgoCD()
	noError(t, argo.CreateApplication(ctx, shop(s, repository)))
	s.Then().ApplicationIs(argo, "shop", first)
	second := repository.CommitApps("web", web.As("v2"))
	s.Then().ApplicationIs(argo, "shop", second)
	noError(t, argo.SetAutomated(ctx, "shop", false))
	noError(t, argo.Sync(ctx, "shop", first))
	s.Then().VersionIs("web", "v1").ApplicationIsOutOfSync(argo, "shop", second)
}

func TestArgoCDAppliesSeveralSources(t *testing.T) {
	scenario.OnlyLong(t)
	ctx := context.Background()
	s := scenario.NewWithoutController(t)
	web := scenario.NewApp("web", "v1")
	repository, other := s.Given().Repository("shop"), s.Given().Repository("other")
	first := repository.CommitApps("web", web)
	second := other.CommitApps("api", web.Named("api"))
	application := shop(s, repository)
	application.Sources = append(application.Sources, gitops.Source{URL: other.URL, Path: "api"})
	argo := s.Given().ArgoCD()
	noError(t, argo.CreateApplication(ctx, application))
	s.Then().ApplicationIs(argo, "shop", first, second).VersionIs("api", "v1")
}

// An ApplicationSet owns the whole spec of its Application, so it enables the automation again that
// a user has disabled.
func TestApplicationSetEnablesTheAutomationAgain(t *testing.T) {
	scenario.OnlyLong(t)
	ctx := context.Background()
	s := scenario.NewWithoutController(t)
	repository := s.Given().Repository("shop")
	first := repository.CommitApps("web", scenario.NewApp("web", "v1"))
	argo := s.Given().ArgoCD()
	noError(t, argo.CreateApplicationSet(ctx, "shops", shop(s, repository)))
	s.Then().ApplicationIs(argo, "shop", first)
	noError(t, argo.SetAutomated(ctx, "shop", false))
	s.Then().IsAutomated(argo, "shop")
}
