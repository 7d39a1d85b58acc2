// The objects of Argo CD: https://argo-cd.readthedocs.io/en/stable/operator-manual/application.yaml
package gitops

import (
	"context"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
)

// operationLimit is how long a sync may take.
const operationLimit = time.Minute

const argoVersion = "argoproj.io/v1alpha1"

// InCluster is the destination of the Applications: the cluster of Argo CD.
const InCluster = "https://kubernetes.default.svc"

// The kinds of Argo CD.
var (
	Applications    = Resource(argoVersion, "Application")
	ApplicationSets = Resource(argoVersion, "ApplicationSet")
)

// Source is a folder of a repository whose manifests Argo CD applies.
type Source struct {
	URL, Path string
	// Revision is a branch, a tag or a commit. Empty: the branch of the repository.
	Revision string
}

// Application is an Application that is synced automatically, with selfHeal and prune.
type Application struct {
	Name string
	// Namespace is the one to which the manifests are applied.
	Namespace string
	// Sources has one entry, or more for a multi-source Application.
	Sources []Source
}

// source returns the YAML of a source in one line.
func (s Source) source() string {
	revision := s.Revision
	if revision == "" {
		revision = Branch
	}
	return fmt.Sprintf("{repoURL: %q, path: %q, targetRevision: %q}", s.URL, s.Path, revision)
}

// spec returns the spec as YAML in one line.
func (a Application) spec() string {
	var sources []string
	for _, source := range a.Sources {
		sources = append(sources, source.source())
	}
	text := "source: " + sources[0]
	if len(sources) > 1 {
		text = "sources: [" + strings.Join(sources, ", ") + "]"
	}
	return fmt.Sprintf("{project: default, %s, destination: {server: %q, namespace: %q}, "+
		"syncPolicy: {automated: {prune: true, selfHeal: true}}}", text, InCluster, a.Namespace)
}

// manifest returns the Application as YAML.
func (a Application) manifest() string {
	return fmt.Sprintf("apiVersion: %s\nkind: Application\nmetadata: {name: %s}\nspec: %s\n",
		argoVersion, a.Name, a.spec())
}

// CreateApplication applies an Application.
func (a *ArgoCD) CreateApplication(ctx context.Context, application Application) error {
	return a.cluster.Apply(ctx, a.Namespace, application.manifest())
}

// CreateApplicationSet applies an ApplicationSet with one entry, which generates the Application.
func (a *ArgoCD) CreateApplicationSet(ctx context.Context, name string, application Application,
) error {
	return a.cluster.Apply(ctx, a.Namespace, fmt.Sprintf(`
apiVersion: %s
kind: ApplicationSet
metadata: {name: %s}
spec:
  goTemplate: true
  generators: [{list: {elements: [{name: %s}]}}]
  template: {metadata: {name: "{{.name}}"}, spec: %s}
`, argoVersion, name, application.Name, application.spec()))
}

// Application returns an Application.
func (a *ArgoCD) Application(ctx context.Context, name string) (*unstructured.Unstructured, error) {
	return a.cluster.Dynamic.Resource(Applications).Namespace(a.Namespace).
		Get(ctx, name, metav1.GetOptions{})
}

// SetAutomated sets spec.syncPolicy.automated.enabled of an Application.
func (a *ArgoCD) SetAutomated(ctx context.Context, name string, enabled bool) error {
	return a.Patch(ctx, name,
		fmt.Sprintf(`{"spec":{"syncPolicy":{"automated":{"enabled":%t}}}}`, enabled))
}

// Sync starts a sync to these revisions, one for each source, as `argocd app sync --revision` does:
// after the running operation has ended. Argo CD deletes an operation that replaces a running one
// together with it. See SetAppOperation in util/argo/argo.go of Argo CD.
func (a *ArgoCD) Sync(ctx context.Context, name string, revisions ...string) error {
	sync := map[string]any{"prune": true}
	if len(revisions) == 1 {
		sync["revision"] = revisions[0]
	} else {
		// An unstructured object cannot have a []string.
		all := []any{}
		for _, revision := range revisions {
			all = append(all, revision)
		}
		sync["revisions"] = all
	}
	operation := map[string]any{"initiatedBy": map[string]any{"username": "a user"}, "sync": sync}
	return wait.PollUntilContextTimeout(ctx, pollInterval, operationLimit, true,
		func(ctx context.Context) (bool, error) {
			application, err := a.Application(ctx, name)
			if err != nil {
				return false, err
			}
			if _, isRunning := application.Object["operation"]; isRunning {
				return false, nil
			}
			application.Object["operation"] = operation
			unstructured.RemoveNestedField(application.Object, "status", "operationState")
			_, err = a.cluster.Dynamic.Resource(Applications).Namespace(a.Namespace).
				Update(ctx, application, metav1.UpdateOptions{})
			if apierrors.IsConflict(err) {
				return false, nil
			}
			return err == nil, err
		})
}

// Patch changes an Application by a merge patch, as `kubectl patch --type=merge` does.
func (a *ArgoCD) Patch(ctx context.Context, name, patch string) error {
	return a.cluster.patch(ctx, Applications, a.Namespace, name, patch)
}

// ApplicationStatus has the fields of an Application's status that say what runs.
type ApplicationStatus struct {
	Sync, Health string
	// Revisions are the commits that were compared with the cluster, one for each source.
	Revisions []string
	// Phase is the phase of the last sync, such as Succeeded.
	Phase string
}

// StatusOf returns the status of an Application.
func StatusOf(application *unstructured.Unstructured) ApplicationStatus {
	text := func(fields ...string) string {
		value, _, _ := unstructured.NestedString(application.Object, fields...)
		return value
	}
	status := ApplicationStatus{Sync: text("status", "sync", "status"),
		Health: text("status", "health", "status"), Phase: text("status", "operationState", "phase")}
	revisions, isMulti, _ := unstructured.NestedStringSlice(application.Object,
		"status", "sync", "revisions")
	if !isMulti {
		revisions = []string{text("status", "sync", "revision")}
	}
	status.Revisions = revisions
	return status
}
