// Then: expectations about the release that a guard evaluates.
package scenario

import (
	"context"
)

// IsBaking waits until the guard evaluates the present template of a Deployment, after its rollout.
// StateIs may find the state of the previous release.
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

// HasSnapshot waits until the current revision of a Deployment has a snapshot. During a bake this
// is so after the minimum of healthy observation.
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
