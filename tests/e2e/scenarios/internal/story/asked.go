// When: what people do about a rollback: ask for one, approve of it, resume, close the breaker.
package story

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"
)

// AsksForRollback creates a Rollback with that spec, in YAML.
func (w *When) AsksForRollback(name, spec string) *When {
	w.T.Helper()
	fields := map[string]any{}
	w.must(yaml.Unmarshal([]byte(spec), &fields))
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "lastgood.dev/v1alpha1", "kind": "Rollback", "metadata": map[string]any{"name": name}, "spec": fields,
	}}
	_, err := w.Cluster.Dynamic.Resource(kind("rollbacks")).Namespace(w.Namespace).
		Create(context.Background(), object, metav1.CreateOptions{FieldManager: person})
	w.must(err)
	return w
}

// Approves says yes to a Rollback that waits for it.
func (w *When) Approves(rollback string) *When {
	w.T.Helper()
	w.Kubectl("", "patch", "rollback", rollback, "--type=merge", "-p", `{"spec":{"approved":true}}`)
	return w
}

// ApprovesByAnnotation says yes on the Deployment.
func (w *When) ApprovesByAnnotation(name, rollback string) *When {
	w.T.Helper()
	w.Kubectl("", "annotate", "deployment", name, "--overwrite", "lastgood.dev/approve="+rollback)
	return w
}

// Resumes ends the freeze of a Deployment by its annotation.
func (w *When) Resumes(name string) *When {
	w.T.Helper()
	return w.Annotated(name, "lastgood.dev/resume", now())
}

// RemovesFreeze ends it by taking it out of the guard's status.
func (w *When) RemovesFreeze(name string) *When {
	w.T.Helper()
	w.Kubectl("", "patch", "deploymentguard", name, "--subresource=status", "--type=json", "-p", `[{"op":"remove","path":"/status/freeze"}]`)
	return w
}

// ClosesBreaker tells the story's own controller that what fails now is looked after.
func (w *When) ClosesBreaker() *When {
	w.T.Helper()
	w.Kubectl("", "annotate", "lease", lease, "--overwrite", "lastgood.dev/close-breaker="+now())
	return w
}

// ConfigMapDeleted deletes one.
func (w *When) ConfigMapDeleted(name string) *When {
	w.T.Helper()
	w.must(w.Cluster.Typed.CoreV1().ConfigMaps(w.Namespace).Delete(context.Background(), name, metav1.DeleteOptions{}))
	return w
}

// With fractions: whole seconds would lie before what happened in this one.
func now() string { return time.Now().UTC().Format("2006-01-02T15:04:05.000000Z") }

// Waiting is the Rollback of a Deployment that waits for approval.
func (t *Then) Waiting(name string) string {
	t.T.Helper()
	t.StateIs(name, "Held", "AwaitingApproval")
	last := t.Rolledback(name)
	if last.Status.Phase != "Pending" || last.Spec.Mode != "Approve" {
		t.T.Fatalf("Rollback %s is %s in mode %q; want Pending, Approve", last.Metadata.Name, last.Status.Phase, last.Spec.Mode)
	}
	return last.Metadata.Name
}

// Record is the Rollback of that name, which must be there.
func (s *Story) Record(name string) Rollback {
	s.T.Helper()
	var one Rollback
	object, err := s.Cluster.Dynamic.Resource(kind("rollbacks")).Namespace(s.Namespace).Get(context.Background(), name, metav1.GetOptions{})
	s.must(err)
	s.must(convert(object.Object, &one))
	return one
}

// RecordIs waits for the phase of a Rollback, whose message has all of the words.
func (t *Then) RecordIs(name, phase string, words ...string) *Then {
	t.T.Helper()
	t.eventually(fmt.Sprintf("Rollback %s is %s and says %q", name, phase, words), func(context.Context) (bool, string) {
		status := t.Record(name).Status
		return status.Phase == phase && containsAll(status.Message, words), status.Phase + ": " + status.Message
	})
	return t
}

// CannotBeChanged says that the API server refuses a change of a Rollback's spec, a merge patch, in words that have all of these.
func (t *Then) CannotBeChanged(rollback, change string, words ...string) *Then {
	t.T.Helper()
	patch := []byte(`{"spec":` + change + `}`)
	_, err := t.Cluster.Dynamic.Resource(kind("rollbacks")).Namespace(t.Namespace).
		Patch(context.Background(), rollback, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: person})
	if !apierrors.IsInvalid(err) || !containsAll(err.Error(), words) {
		t.T.Errorf("changing Rollback %s by %s is answered by %v; want a refusal that says %q", rollback, patch, err, words)
	}
	return t
}

// Holds waits until a rollback is held back for that reason: the guard's state, its condition with all of the words, and one Event
// say so.
func (t *Then) Holds(name, reason string, words ...string) *Then {
	t.T.Helper()
	return t.StateIs(name, "Held", reason).ConditionSays(name, "Stalled", "True", reason, words...).
		EventSays(name, "RollbackHeld", append([]string{reason}, words...)...)
}

// IsFrozen waits until nothing more is done without a person, and says why in the same three places.
func (t *Then) IsFrozen(name, reason string, words ...string) *Then {
	t.T.Helper()
	t.StateIs(name, "Frozen", reason).ConditionSays(name, "Stalled", "True", reason, words...).EventSays(name, reason, words...)
	guard, _ := t.ThisGuard(context.Background(), name)
	if guard.Status.Freeze == nil || guard.Status.Freeze.Reason != reason {
		t.T.Errorf("the guard of %s has the freeze %+v; want %s", name, guard.Status.Freeze, reason)
	}
	return t
}
