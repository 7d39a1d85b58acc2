// Flux: the real one applies a Deployment and installs a chart from Git. No controller of Lastgood
// runs.
package scenarios

import (
	"context"
	"testing"
	"time"

	"lastgood.dev/tests/e2e/internal/gitops"
	"lastgood.dev/tests/e2e/internal/local/layout"
	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

func TestFluxAppliesCommitsAndRevertsPatches(t *testing.T) {
	scenario.OnlyLong(t)
	ctx := context.Background()
	s := scenario.NewWithoutController(t)
	web := scenario.NewApp("web", "v1")
	repository := s.Given().Repository("shop")
	first := repository.CommitApps("web", web)
	flux := s.Given().Flux()
	noError(t, flux.CreateGitRepository(ctx, s.Namespace, "shop", repository.URL))
	noError(t, flux.CreateKustomization(ctx, s.Namespace, "shop", "shop", "./web"))
	s.Then().FluxIsReadyAt(flux, gitops.Kustomizations, "shop", first).VersionIs("web", "v1")
	began := patched(s)
	s.Then().ImageIs("web", layout.DemoImage)
	t.Logf("the patch was reverted after %s", time.Since(began).Round(time.Millisecond))

	// Flux leaves a Deployment with the annotation alone, also for a new commit.
	s.When().Annotated("web", gitops.Reconcile, "disabled")
	patched(s)
	second := repository.CommitApps("web", web.As("v2"))
	s.Then().FluxIsReadyAt(flux, gitops.Kustomizations, "shop", second)
	s.When().TimePassed(gitops.FluxInterval)
	s.Then().ImageIs("web", otherImage).VersionIs("web", "v1")
	s.Kubectl("", "annotate", "deployment/web", gitops.Reconcile+"-")
	s.Then().ImageIs("web", layout.DemoImage).VersionIs("web", "v2")

	// A suspended Kustomization applies nothing.
	noError(t, flux.Suspend(ctx, gitops.Kustomizations, s.Namespace, "shop", true))
	patched(s)
	s.When().TimePassed(2 * gitops.FluxInterval)
	s.Then().ImageIs("web", otherImage)
	noError(t, flux.Suspend(ctx, gitops.Kustomizations, s.Namespace, "shop", false))
	s.Then().ImageIs("web", layout.DemoImage)
}

func TestFluxInstallsAndUpgradesAChart(t *testing.T) {
	scenario.OnlyLong(t)
	ctx := context.Background()
	s := scenario.NewWithoutController(t)
	web := scenario.NewApp("web", "v1")
	repository := s.Given().Repository("shop")
	first := repository.CommitChart("charts/web", 1, web)
	flux := s.Given().Flux()
	noError(t, flux.CreateGitRepository(ctx, s.Namespace, "shop", repository.URL))
	noError(t, flux.CreateHelmRelease(ctx, s.Namespace, "web", "shop", "./charts/web", ""))
	s.Then().FluxIsReadyAt(flux, gitops.HelmReleases, "web", first).VersionIs("web", "v1")
	second := repository.CommitChart("charts/web", 2, web.As("v2"))
	s.Then().FluxIsReadyAt(flux, gitops.HelmReleases, "web", second).VersionIs("web", "v2")

	// A suspended HelmRelease is not upgraded.
	noError(t, flux.Suspend(ctx, gitops.HelmReleases, s.Namespace, "web", true))
	third := repository.CommitChart("charts/web", 3, web.As("v3"))
	s.When().TimePassed(2 * gitops.FluxInterval)
	s.Then().VersionIs("web", "v2")
	noError(t, flux.Suspend(ctx, gitops.HelmReleases, s.Namespace, "web", false))
	s.Then().FluxIsReadyAt(flux, gitops.HelmReleases, "web", third).VersionIs("web", "v3")
}

func TestFluxCorrectsAChartOnlyWithDriftDetection(t *testing.T) {
	scenario.OnlyLong(t)
	ctx := context.Background()
	s := scenario.NewWithoutController(t)
	repository := s.Given().Repository("shop")
	first := repository.CommitChart("charts/web", 1, scenario.NewApp("web", "v1"))
	flux := s.Given().Flux()
	noError(t, flux.CreateGitRepository(ctx, s.Namespace, "shop", repository.URL))
	noError(t, flux.CreateHelmRelease(ctx, s.Namespace, "web", "shop", "./charts/web", ""))
	s.Then().FluxIsReadyAt(flux, gitops.HelmReleases, "web", first)
	patched(s)
	s.When().TimePassed(2 * gitops.FluxInterval)
	s.Then().ImageIs("web", otherImage)
	began := time.Now()
	noError(t, flux.CreateHelmRelease(ctx, s.Namespace, "web", "shop", "./charts/web",
		"driftDetection: {mode: enabled}"))
	s.Then().ImageIs("web", layout.DemoImage)
	t.Logf("the patch was reverted after %s", time.Since(began).Round(time.Millisecond))
}
