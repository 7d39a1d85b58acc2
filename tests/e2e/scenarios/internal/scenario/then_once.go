// Then: no template was changed twice, or against a user.
package scenario

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"lastgood.dev/tests/e2e/internal/audit"
)

// patchOf returns the name of the Rollback of a patch of a template by the controller, and false
// for other writes and for dry runs.
func (s *Scenario) patchOf(write audit.Write) (rollback string, isPatch bool) {
	if write.Namespace != s.Namespace || write.User != ControllerUser || write.DryRun {
		return "", false
	}
	return write.PatchForRollback()
}

// ChangedTemplatesOnce expects that at most one patch of a template succeeded for each Rollback.
func (t *Then) ChangedTemplatesOnce() *Then {
	t.T.Helper()
	patches := map[string]int{}
	for _, write := range t.completeAuditLog().WritesBy(ControllerUser) {
		rollback, isPatch := t.patchOf(write)
		if isPatch && write.Succeeded() {
			patches[write.Object+" "+rollback]++
		}
	}
	for rollback, count := range patches {
		if count > 1 {
			t.T.Errorf("the template was changed %d times for Rollback %s", count, rollback)
		}
	}
	return t
}

// RejectedTemplatePatches returns how many patches of the template of a Deployment failed a test of
// the patch.
func (t *Then) RejectedTemplatePatches(name string) int {
	t.T.Helper()
	return len(slices.DeleteFunc(t.completeAuditLog().WritesBy(ControllerUser),
		func(write audit.Write) bool {
			_, isPatch := t.patchOf(write)
			return !isPatch || write.Object != name || write.Code != http.StatusUnprocessableEntity
		}))
}

// HasTemplateRevisions waits until the Deployment controller has counted this number of changes of
// the template, with the creation. It counts a rollback too.
func (t *Then) HasTemplateRevisions(name string, count int) *Then {
	t.T.Helper()
	what := fmt.Sprintf("%s has revision %d", name, count)
	t.eventually(what, func(ctx context.Context) (bool, string) {
		got := t.Deployment(ctx, name).Annotations["deployment.kubernetes.io/revision"]
		return got == strconv.Itoa(count), got
	})
	return t
}

// TemplateOfRecreatedChangedBy is TemplateChangedBy for a Deployment that was deleted and created
// again: it counts only the changes since then.
func (t *Then) TemplateOfRecreatedChangedBy(name string, authors ...string) *Then {
	t.T.Helper()
	uid := string(t.Deployment(context.Background(), name).UID)
	changes, err := t.completeAuditLog().TemplateChanges(t.Namespace, name)
	t.must(err)
	var got []string
	for _, change := range changes {
		if change.UID == uid {
			got = append(got, author(change.Write))
		}
	}
	if !slices.Equal(got, authors) {
		t.T.Errorf("the template of the new %s was changed by %q; want %q", name, got, authors)
	}
	return t
}

// TemplatePatchesSince expects between `least` and `most` accepted patches by the controller of the
// template of a Deployment since a time, each for another Rollback. Unlike TemplateChangedBy, it
// does not compare resource versions, which decrease when etcd is restored.
func (t *Then) TemplatePatchesSince(name string, since time.Time, least, most int) *Then {
	t.T.Helper()
	var rollbacks []string
	for _, write := range t.completeAuditLog().Writes {
		rollback, isPatch := t.patchOf(write)
		if isPatch && write.Succeeded() && write.Object == name && write.Time.After(since) {
			rollbacks = append(rollbacks, rollback)
		}
	}
	slices.Sort(rollbacks)
	count := len(rollbacks)
	if count < least || count > most || len(slices.Compact(rollbacks)) != count {
		t.T.Errorf("since %s, the template of %s was patched for the Rollbacks %q; want %d to %d, each "+
			"once", since.Format(time.TimeOnly), name, rollbacks, least, most)
	}
	return t
}
