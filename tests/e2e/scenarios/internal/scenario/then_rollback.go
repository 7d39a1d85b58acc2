// Then: expectations about Rollbacks.
package scenario

import (
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// LatestRollback returns the newest Rollback that changes a Deployment. The test fails if no
// Rollback exists.
func (t *Then) LatestRollback(name string) Rollback {
	t.T.Helper()
	rollbacks := t.Rollbacks(context.Background(), name)
	if len(rollbacks) == 0 {
		t.T.Fatalf("there is no Rollback of %s", name)
	}
	return rollbacks[len(rollbacks)-1]
}

// CausedByCheck expects that the newest Rollback of a Deployment records this breached check and
// reason.
func (t *Then) CausedByCheck(name, check, reason string) *Then {
	t.T.Helper()
	spec := t.LatestRollback(name).Spec
	if spec.Check != check || spec.Reason != reason {
		t.T.Errorf("the rollback of %s was caused by check %q, reason %s (%s); want %q, %s",
			name, spec.Check, spec.Reason, spec.Message, check, reason)
	}
	return t
}

// RecordsFailures expects that the evidence of the newest Rollback of a Deployment has at least
// this number of consecutive failures of a check.
func (t *Then) RecordsFailures(name, check string, min int) *Then {
	t.T.Helper()
	evidence := t.LatestRollback(name).Status.Evidence
	hasFailures := func(c Check) bool { return c.Name == check && c.ConsecutiveFailures >= min }
	if !slices.ContainsFunc(evidence, hasFailures) {
		t.T.Errorf("the evidence of the rollback of %s is %+v; want %d failures of check %s",
			name, evidence, min, check)
	}
	return t
}

// PendingApproval waits until a Rollback of a Deployment waits for approval. It returns its name.
func (t *Then) PendingApproval(name string) string {
	t.T.Helper()
	t.StateIs(name, "Held", "AwaitingApproval")
	last := t.LatestRollback(name)
	if last.Status.Phase != "Pending" || last.Spec.Mode != "Approve" {
		t.T.Fatalf("Rollback %s has phase %s and mode %q; want Pending and Approve",
			last.Metadata.Name, last.Status.Phase, last.Spec.Mode)
	}
	return last.Metadata.Name
}

// RollbackIs waits until a Rollback has this phase and a message that mentions the words.
func (t *Then) RollbackIs(name, phase string, words ...string) *Then {
	t.T.Helper()
	what := fmt.Sprintf("Rollback %s has phase %s and mentions %q", name, phase, words)
	t.eventually(what, func(context.Context) (bool, string) {
		status := t.Rollback(name).Status
		matches := status.Phase == phase && mentions(status.Message, words)
		return matches, status.Phase + ": " + status.Message
	})
	return t
}

// RejectsChange expects that the API server rejects a merge patch of a Rollback's spec as invalid,
// with an error that mentions the words.
func (t *Then) RejectsChange(rollback, change string, words ...string) *Then {
	t.T.Helper()
	patch := []byte(`{"spec":` + change + `}`)
	_, err := t.Cluster.Dynamic.Resource(lastgoodResource("rollbacks")).Namespace(t.Namespace).
		Patch(context.Background(), rollback, types.MergePatchType, patch,
			metav1.PatchOptions{FieldManager: fieldManager})
	if !apierrors.IsInvalid(err) || !mentions(err.Error(), words) {
		t.T.Errorf("patch %s of Rollback %s: got error %v; want Invalid that mentions %q",
			patch, rollback, err, words)
	}
	return t
}

// HasRollbacks waits until this number of Rollbacks changes a Deployment.
func (t *Then) HasRollbacks(name string, count int) *Then {
	t.T.Helper()
	what := fmt.Sprintf("%s has %d Rollbacks that change it", name, count)
	t.eventually(what, func(ctx context.Context) (bool, string) {
		got := len(t.Rollbacks(ctx, name))
		return got == count, fmt.Sprintf("%d", got)
	})
	return t
}

// HasRollbackObjects waits until this number of Rollbacks names a Deployment, including drills
// and those that were observed or rejected.
func (t *Then) HasRollbackObjects(name string, count int) *Then {
	t.T.Helper()
	what := fmt.Sprintf("%s has %d Rollback objects", name, count)
	t.eventually(what, func(ctx context.Context) (bool, string) {
		got := len(t.AllRollbacks(ctx, name))
		return got == count, fmt.Sprintf("%d", got)
	})
	return t
}

// AllRollbacksAre waits until all Rollbacks of a Deployment have these names, in any order.
func (t *Then) AllRollbacksAre(name string, names ...string) *Then {
	t.T.Helper()
	want := slices.Sorted(slices.Values(names))
	what := fmt.Sprintf("the Rollbacks of %s are %q", name, want)
	t.eventually(what, func(ctx context.Context) (bool, string) {
		var got []string
		for _, rollback := range t.AllRollbacks(ctx, name) {
			got = append(got, rollback.Metadata.Name)
		}
		slices.Sort(got)
		return slices.Equal(got, want), fmt.Sprintf("%q", got)
	})
	return t
}

// HasDrill waits until the guard shows the result of a drill.
func (t *Then) HasDrill(name string) *Then {
	t.T.Helper()
	t.eventually("drill of "+name, func(ctx context.Context) (bool, string) {
		guard, _ := t.Guard(ctx, name)
		return guard.Status.LastDrill != nil, guard.statusJSON()
	})
	return t
}

// HasDrillOf waits until the guard shows the result of the drill with this name.
func (t *Then) HasDrillOf(name, rollback string) *Then {
	t.T.Helper()
	what := fmt.Sprintf("the last drill of %s is %s", name, rollback)
	t.eventually(what, func(ctx context.Context) (bool, string) {
		guard, _ := t.Guard(ctx, name)
		last := guard.Status.LastDrill
		return last != nil && last.Rollback == rollback, guard.statusJSON()
	})
	return t
}
