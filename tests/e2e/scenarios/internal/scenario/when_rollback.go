// When: steps of users that act on rollbacks, freezes and the breaker.
package scenario

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// RollbackRequested creates a Rollback; spec is YAML.
func (w *When) RollbackRequested(name, spec string) *When {
	w.T.Helper()
	fields := map[string]any{}
	w.must(yaml.Unmarshal([]byte(spec), &fields))
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "lastgood.dev/v1alpha1", "kind": "Rollback",
		"metadata": map[string]any{"name": name}, "spec": fields,
	}}
	_, err := w.Cluster.Dynamic.Resource(lastgoodResource("rollbacks")).Namespace(w.Namespace).
		Create(context.Background(), object, metav1.CreateOptions{FieldManager: fieldManager})
	w.must(err)
	return w
}

// Approved approves a Rollback in its spec.
func (w *When) Approved(rollback string) *When {
	w.T.Helper()
	w.Kubectl("", "patch", "rollback", rollback, "--type=merge", "-p", `{"spec":{"approved":true}}`)
	return w
}

// ApprovedByAnnotation approves a Rollback by an annotation of the Deployment.
func (w *When) ApprovedByAnnotation(name, rollback string) *When {
	w.T.Helper()
	w.Kubectl("", "annotate", "deployment", name, "--overwrite", "lastgood.dev/approve="+rollback)
	return w
}

// Resumed ends the freeze of a Deployment by its annotation.
func (w *When) Resumed(name string) *When {
	w.T.Helper()
	return w.Annotated(name, "lastgood.dev/resume", now())
}

// FreezeRemoved ends the freeze of a Deployment by removing it from the guard's status.
func (w *When) FreezeRemoved(name string) *When {
	w.T.Helper()
	w.Kubectl("", "patch", "deploymentguard", name, "--subresource=status", "--type=json",
		"-p", `[{"op":"remove","path":"/status/freeze"}]`)
	return w
}

// BreakerClosed closes the breaker of the scenario's own controller.
func (w *When) BreakerClosed() *When {
	w.T.Helper()
	w.Kubectl("", "annotate", "lease", leaseName, "--overwrite", "lastgood.dev/close-breaker="+now())
	return w
}

// now returns the time with microseconds. A time rounded down to whole seconds could be before an
// earlier action in the same second.
func now() string { return time.Now().UTC().Format("2006-01-02T15:04:05.000000Z") }
