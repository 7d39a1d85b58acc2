// Given: a Git repository, and the real Argo CD and Flux that apply its files.
package scenario

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"lastgood.dev/tests/e2e/internal/gitops"
)

// NewWithoutController begins a scenario in which no controller of Lastgood runs.
func NewWithoutController(t *testing.T) *Scenario {
	t.Helper()
	return begin(t)
}

// Repository is a Git repository on this machine.
type Repository struct {
	*gitops.Repository
	scenario *Scenario
}

// Repository creates a Git repository without a commit, which ends with the scenario.
func (g *Given) Repository(name string) *Repository {
	g.T.Helper()
	server, err := gitops.NewGitServer("127.0.0.1", g.T.TempDir())
	g.must(err)
	g.T.Cleanup(func() { g.must(server.Stop()) })
	repository, err := server.NewRepository(name)
	g.must(err)
	return &Repository{repository, g.Scenario}
}

// Commit commits files and returns the commit. A file with empty content is removed.
func (r *Repository) Commit(files map[string]string) string {
	r.scenario.T.Helper()
	commit, err := r.Repository.Commit("change", files)
	r.scenario.must(err)
	return commit
}

// CommitApps commits the manifests of apps in a folder: web/web.yaml for an app "web" in "web".
func (r *Repository) CommitApps(folder string, apps ...App) string {
	r.scenario.T.Helper()
	files := map[string]string{}
	for _, app := range apps {
		files[folder+"/"+app.Name+".yaml"] = r.scenario.manifest(app)
	}
	return r.Commit(files)
}

// CommitChart commits a Helm chart in a folder. Its version has this patch number, and its only
// template is the app.
func (r *Repository) CommitChart(folder string, patch int, app App) string {
	r.scenario.T.Helper()
	return r.Commit(map[string]string{
		folder + "/Chart.yaml": fmt.Sprintf(
			"apiVersion: v2\nname: %s\nversion: 1.0.%d\n", app.Name, patch),
		folder + "/templates/deployment.yaml": r.scenario.manifest(app),
	})
}

func (s *Scenario) manifest(app App) string {
	s.T.Helper()
	text, err := yaml.Marshal(app.Manifest())
	s.must(err)
	return string(text)
}

// ArgoCD starts an Argo CD in its own namespace, which ends with the scenario.
func (g *Given) ArgoCD() *gitops.ArgoCD {
	g.T.Helper()
	namespace := g.Namespace + "-argocd"
	a, err := gitops.InstallArgoCD(context.Background(), g.toolCluster(), namespace, g.T.TempDir())
	g.must(err)
	g.Cluster.expectDeletion(namespace)
	g.T.Cleanup(func() { g.endTool(a.Log, a.Uninstall) })
	g.must(a.Start())
	return a
}

// Flux starts a Flux, which ends with the scenario. It handles all namespaces: only one scenario at
// a time can have it.
func (g *Given) Flux() *gitops.Flux {
	g.T.Helper()
	namespace := g.Namespace + "-flux"
	f, err := gitops.InstallFlux(context.Background(), g.toolCluster(), namespace, g.T.TempDir())
	g.must(err)
	g.Cluster.expectDeletion(namespace)
	g.T.Cleanup(func() { g.endTool(f.Log, f.Uninstall) })
	g.must(f.Start())
	return f
}

func (s *Scenario) toolCluster() *gitops.Cluster {
	s.T.Helper()
	cluster, err := gitops.NewCluster(s.Cluster.Config)
	s.must(err)
	return cluster
}

func (s *Scenario) endTool(log func() string, uninstall func(context.Context) error) {
	if s.T.Failed() {
		s.T.Log(log())
	}
	if err := uninstall(context.Background()); err != nil {
		s.T.Error(err)
	}
}

// ApplicationIs waits until an Application of Argo CD is synced and healthy at these commits, one
// for each source.
func (t *Then) ApplicationIs(a *gitops.ArgoCD, name string, commits ...string) *Then {
	t.T.Helper()
	what := fmt.Sprintf("Application %s is synced and healthy at %s", name, commits)
	t.eventually(what, func(ctx context.Context) (bool, string) {
		application, err := a.Application(ctx, name)
		if err != nil {
			return false, err.Error()
		}
		status := gitops.StatusOf(application)
		isDone := status.Sync == "Synced" && status.Health == "Healthy" &&
			slices.Equal(status.Revisions, commits)
		return isDone, fmt.Sprintf("%+v", status)
	})
	return t
}

// ApplicationIsOutOfSync waits until Argo CD has compared an Application with this commit, and has
// not applied it.
func (t *Then) ApplicationIsOutOfSync(a *gitops.ArgoCD, name, commit string) *Then {
	t.T.Helper()
	what := fmt.Sprintf("Application %s is out of sync with %s", name, commit)
	t.eventually(what, func(ctx context.Context) (bool, string) {
		application, err := a.Application(ctx, name)
		if err != nil {
			return false, err.Error()
		}
		status := gitops.StatusOf(application)
		return status.Sync == "OutOfSync" && slices.Equal(status.Revisions, []string{commit}),
			fmt.Sprintf("%+v", status)
	})
	return t
}

// FluxIsReadyAt waits until an object of Flux is ready at a commit. A HelmRelease is ready at a
// commit if the version of its chart has it.
func (t *Then) FluxIsReadyAt(f *gitops.Flux, resource schema.GroupVersionResource, name,
	commit string,
) *Then {
	t.T.Helper()
	what := fmt.Sprintf("%s %s is ready at %s", resource.Resource, name, commit)
	t.eventually(what, func(ctx context.Context) (bool, string) {
		object, err := f.Get(ctx, resource, t.Namespace, name)
		if err != nil {
			return false, err.Error()
		}
		return gitops.IsReady(object) && isAt(object, commit), fmt.Sprint(object.Object["status"])
	})
	return t
}

// isAt reports whether the last revision that Flux has applied has this commit. The version of a
// chart has only the first 12 digits of the commit.
func isAt(object *unstructured.Unstructured, commit string) bool {
	for _, field := range []string{"lastAppliedRevision", "lastAttemptedRevision"} {
		revision, found, _ := unstructured.NestedString(object.Object, "status", field)
		if found {
			return strings.HasSuffix(revision, commit) || strings.HasSuffix(revision, commit[:12])
		}
	}
	return false
}

// VersionIs waits until the pod template of a Deployment has this version of the app.
func (t *Then) VersionIs(name, version string) *Then {
	t.T.Helper()
	t.eventually(name+" has version "+version, func(ctx context.Context) (bool, string) {
		deployments := t.Cluster.Typed.AppsV1().Deployments(t.Namespace)
		d, err := deployments.Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return false, err.Error()
		}
		got := d.Spec.Template.Spec.Containers[0].Env[0].Value
		return got == version, "the version is " + got
	})
	return t
}

// ImageIs waits until the container of a Deployment has this image.
func (t *Then) ImageIs(name, image string) *Then {
	t.T.Helper()
	t.eventually(name+" has image "+image, func(ctx context.Context) (bool, string) {
		deployments := t.Cluster.Typed.AppsV1().Deployments(t.Namespace)
		d, err := deployments.Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return false, err.Error()
		}
		got := d.Spec.Template.Spec.Containers[0].Image
		return got == image, "the image is " + got
	})
	return t
}

// IsAutomated waits until nothing disables the automation of an Application.
func (t *Then) IsAutomated(a *gitops.ArgoCD, name string) *Then {
	t.T.Helper()
	t.eventually("Application "+name+" is automated", func(ctx context.Context) (bool, string) {
		application, err := a.Application(ctx, name)
		if err != nil {
			return false, err.Error()
		}
		enabled, found, _ := unstructured.NestedBool(application.Object,
			"spec", "syncPolicy", "automated", "enabled")
		return enabled || !found, fmt.Sprint(application.Object["spec"])
	})
	return t
}
