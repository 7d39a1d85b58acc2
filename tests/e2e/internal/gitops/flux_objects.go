// The objects of Flux: https://fluxcd.io/flux/components/
package gitops

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

const (
	sourceVersion    = "source.toolkit.fluxcd.io/v1"
	kustomizeVersion = "kustomize.toolkit.fluxcd.io/v1"
	helmVersion      = "helm.toolkit.fluxcd.io/v2"
)

// The kinds of Flux.
var (
	GitRepositories = Resource(sourceVersion, "GitRepository")
	HelmCharts      = Resource(sourceVersion, "HelmChart")
	Kustomizations  = Resource(kustomizeVersion, "Kustomization")
	HelmReleases    = Resource(helmVersion, "HelmRelease")
)

// FluxInterval is how often Flux reads repositories, applies manifests and checks releases.
const FluxInterval = 10 * time.Second

// Reconcile is the annotation by which Flux leaves an object alone: its value is then "disabled".
const Reconcile = "kustomize.toolkit.fluxcd.io/reconcile"

// CreateGitRepository applies a GitRepository.
func (f *Flux) CreateGitRepository(ctx context.Context, namespace, name, url string) error {
	return f.cluster.Apply(ctx, namespace, fmt.Sprintf(`
apiVersion: %s
kind: GitRepository
metadata: {name: %s}
spec: {interval: %s, url: %q, ref: {branch: %s}}
`, sourceVersion, name, FluxInterval, url, Branch))
}

// CreateKustomization applies a Kustomization that applies a folder of a GitRepository to its own
// namespace, and prunes.
func (f *Flux) CreateKustomization(ctx context.Context, namespace, name, repository, path string,
) error {
	return f.cluster.Apply(ctx, namespace, fmt.Sprintf(`
apiVersion: %s
kind: Kustomization
metadata: {name: %s}
spec:
  interval: %s
  retryInterval: 5s
  timeout: 1m
  prune: true
  path: %q
  targetNamespace: %s
  sourceRef: {kind: GitRepository, name: %s}
`, kustomizeVersion, name, FluxInterval, path, namespace, repository))
}

// CreateHelmRelease applies a HelmRelease of a chart in a folder of a GitRepository. Each commit is
// a new version of the chart. Extra is YAML for the spec: "driftDetection: {mode: enabled}".
func (f *Flux) CreateHelmRelease(ctx context.Context, namespace, name, repository, path,
	extra string,
) error {
	return f.cluster.Apply(ctx, namespace, fmt.Sprintf(`
apiVersion: %s
kind: HelmRelease
metadata: {name: %s}
spec:
  interval: %s
  timeout: 1m
  chart:
    spec:
      chart: %q
      interval: %[3]s
      reconcileStrategy: Revision
      sourceRef: {kind: GitRepository, name: %[5]s}
  %[6]s
`, helmVersion, name, FluxInterval, path, repository, extra))
}

// Get returns an object of Flux.
func (f *Flux) Get(ctx context.Context, resource schema.GroupVersionResource, namespace,
	name string,
) (*unstructured.Unstructured, error) {
	return f.cluster.Dynamic.Resource(resource).Namespace(namespace).
		Get(ctx, name, metav1.GetOptions{})
}

// Suspend sets spec.suspend of an object of Flux.
func (f *Flux) Suspend(ctx context.Context, resource schema.GroupVersionResource, namespace,
	name string, suspended bool,
) error {
	return f.cluster.patch(ctx, resource, namespace, name,
		fmt.Sprintf(`{"spec":{"suspend":%t}}`, suspended))
}

// Reconcile makes Flux handle an object now, as `flux reconcile` does.
func (f *Flux) Reconcile(ctx context.Context, resource schema.GroupVersionResource, namespace,
	name string,
) error {
	return f.cluster.patch(ctx, resource, namespace, name, fmt.Sprintf(
		`{"metadata":{"annotations":{"reconcile.fluxcd.io/requestedAt":%q}}}`,
		time.Now().Format(time.RFC3339Nano)))
}

// IsReady reports whether an object of Flux is ready in its present generation.
func IsReady(object *unstructured.Unstructured) bool { return conditionIs(object, "Ready", "True") }

// GitRevision returns the revision by which Flux names a commit.
func GitRevision(commit string) string { return Branch + "@sha1:" + commit }
