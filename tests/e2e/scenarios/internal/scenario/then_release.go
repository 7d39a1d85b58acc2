// Then: expectations about the release that a guard evaluates.
package scenario

import (
	"context"
	"fmt"
	"slices"
)

// IsBaking waits until the guard evaluates the present template of a Deployment, after its rollout.
// StateIs, in contrast, may find the state of the previous release.
func (t *Then) IsBaking(name string) *Then {
	t.T.Helper()
	what := "the bake of the present template of " + name
	t.eventually(what, func(ctx context.Context) (bool, string) {
		guard, _ := t.Guard(ctx, name)
		status := guard.Status
		isBaking := status.State == "Evaluating" && status.Reason == "Baking" &&
			status.Current != nil && t.isCurrent(ctx, name, status.Current.Hash)
		return isBaking, guard.statusJSON()
	})
	return t
}

// HasSnapshot waits until the current revision of a Deployment has a snapshot. In a bake, the
// controller stores the snapshot after the release was healthy for minimumBake.
func (t *Then) HasSnapshot(name string) *Then {
	t.T.Helper()
	what := "a snapshot of the current revision of " + name
	t.eventually(what, func(ctx context.Context) (bool, string) {
		guard, _ := t.Guard(ctx, name)
		current := guard.Status.Current
		return current != nil && current.Snapshot != "", guard.statusJSON()
	})
	return t
}

// VerdictOf returns the verdict of a revision in the list of the guard.
func (t *Then) VerdictOf(name string, number int64) string {
	t.T.Helper()
	verdict := ""
	what := fmt.Sprintf("a verdict of revision %d of %s", number, name)
	t.eventually(what, func(ctx context.Context) (bool, string) {
		guard, _ := t.Guard(ctx, name)
		revisions := guard.Status.Revisions
		index := slices.IndexFunc(revisions, func(r Revision) bool { return r.Number == number })
		if index >= 0 {
			verdict = revisions[index].Verdict
		}
		return verdict != "", guard.statusJSON()
	})
	return verdict
}
