// Then: expectations about a Deployment and its guard.
package scenario

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	noGuard     = "there is no DeploymentGuard"
	lastApplied = "kubectl.kubernetes.io/last-applied-configuration"
)

// IsGood waits until the current version of an app is good and has a snapshot.
func (t *Then) IsGood(app App) *Then {
	t.T.Helper()
	t.awaitGood(app.Name)
	t.recordRelease(app)
	return t
}

// StateIs waits for a state and its reason. An empty reason matches every reason.
func (t *Then) StateIs(name, state, reason string) *Then {
	t.T.Helper()
	what := fmt.Sprintf("the guard of %s has state %s, reason %q", name, state, reason)
	t.eventually(what, func(ctx context.Context) (bool, string) {
		guard, found := t.Guard(ctx, name)
		if !found {
			return false, noGuard
		}
		isReason := reason == "" || guard.Status.Reason == reason
		return guard.Status.State == state && isReason, guard.statusJSON()
	})
	return t
}

// IsHeld waits until a gate blocks the rollback. The state, the condition and one Event give the
// reason; the messages of the condition and of the Event mention the words.
func (t *Then) IsHeld(name, reason string, words ...string) *Then {
	t.T.Helper()
	return t.StateIs(name, "Held", reason).
		HasCondition(name, "Stalled", "True", reason, words...).
		HasEvent(name, rollbackHeld, append([]string{reason}, words...)...)
}

// IsFrozen waits until the Deployment is frozen. The state, the condition, one Event and the
// freeze in the status give the reason.
func (t *Then) IsFrozen(name, reason string, words ...string) *Then {
	t.T.Helper()
	t.StateIs(name, "Frozen", reason).
		HasCondition(name, "Stalled", "True", reason, words...).
		HasEvent(name, reason, words...)
	guard, _ := t.Guard(context.Background(), name)
	if guard.Status.Freeze == nil || guard.Status.Freeze.Reason != reason {
		t.T.Errorf("the freeze of %s is %+v; want reason %s", name, guard.Status.Freeze, reason)
	}
	return t
}

// IsRestored waits until a Deployment runs the good version again and the restored revision is
// evaluated. Then it expects a clean undo.
func (t *Then) IsRestored(good App) *Then {
	t.T.Helper()
	what := fmt.Sprintf("%s is rolled back to %s", good.Name, good.Version)
	t.eventually(what, func(ctx context.Context) (bool, string) {
		rollbacks := t.Rollbacks(ctx, good.Name)
		if len(rollbacks) == 0 {
			guard, _ := t.Guard(ctx, good.Name)
			return false, "no Rollback; guard " + guard.statusJSON()
		}
		last := rollbacks[len(rollbacks)-1].Status
		isRestored := last.Phase == "Verifying" || last.Phase == "Succeeded"
		return isRestored, last.Phase + ": " + last.Message
	})
	t.awaitAvailable(good.Name)
	return t.IsCleanUndo(good)
}

// IsRestoredAndVerified is IsRestored, and then waits until the restored version has passed its
// checks.
func (t *Then) IsRestoredAndVerified(good App) *Then {
	t.T.Helper()
	return t.IsRestored(good).StateIs(good.Name, "Idle", "RolledBack")
}

// IsCleanUndo expects that a Deployment has the same template, last-applied annotation and field
// owners as when this version was good.
func (t *Then) IsCleanUndo(good App) *Then {
	t.T.Helper()
	want, isRecorded := t.releases[good.key()]
	if !isRecorded {
		t.T.Fatalf("%s has no recorded state; start with Given().Good or IsGood", good.key())
	}
	got := t.releaseStateOf(good.Name)
	t.expectTemplate(good, got, want)
	if got.lastApplied != want.lastApplied {
		t.T.Errorf("the last-applied annotation of %s differs from that of %s:\n got %s\nwant %s",
			good.Name, good.Version, got.lastApplied, want.lastApplied)
	}
	if !reflect.DeepEqual(got.owners, want.owners) {
		t.T.Errorf("the owners of the template of %s differ from those of %s:\n got %v\nwant %v",
			good.Name, good.Version, got.owners, want.owners)
	}
	return t
}

// IsCleanUndoExceptFor expects the same template as when this version was good. Only this manager
// may own fields of the template that it did not own then.
func (t *Then) IsCleanUndoExceptFor(good App, manager string) *Then {
	t.T.Helper()
	want := t.releases[good.key()]
	got := t.releaseStateOf(good.Name)
	t.expectTemplate(good, got, want)
	for owner := range got.owners {
		if _, isOld := want.owners[owner]; !isOld && !strings.HasPrefix(owner, manager+" ") {
			t.T.Errorf("%q owns fields of the template of %s", owner, good.Name)
		}
	}
	return t
}

func (t *Then) expectTemplate(good App, got, want releaseState) {
	t.T.Helper()
	if !sameJSON(got.template, want.template) {
		t.T.Errorf("the template of %s differs from that of %s:\n got %s\nwant %s",
			good.Name, good.Version, got.template, want.template)
	}
}

// HasCondition waits until the guard has a condition of this type with this status, this reason and
// a message that mentions the words.
func (t *Then) HasCondition(name, conditionType, status, reason string, words ...string) *Then {
	t.T.Helper()
	what := fmt.Sprintf("condition %s of %s is %s, reason %s, and mentions %q",
		conditionType, name, status, reason, words)
	t.eventually(what, func(ctx context.Context) (bool, string) {
		guard, found := t.Guard(ctx, name)
		if !found {
			return false, noGuard
		}
		got := conditionOf(guard.Status.Conditions, conditionType)
		matches := string(got.Status) == status && got.Reason == reason
		return matches && mentions(got.Message, words),
			fmt.Sprintf("%s %s: %s", got.Status, got.Reason, got.Message)
	})
	return t
}

// CheckIs waits until the last result of a check is this result with this reason.
func (t *Then) CheckIs(name, check, result, reason string) *Then {
	t.T.Helper()
	what := fmt.Sprintf("check %s of %s is %s, reason %s", check, name, result, reason)
	t.eventually(what, func(ctx context.Context) (bool, string) {
		guard, _ := t.Guard(ctx, name)
		got := guard.Check(check)
		return got.Result == result && got.Reason == reason, guard.statusJSON()
	})
	return t
}

// CheckMentions waits until the message of a check mentions the words.
func (t *Then) CheckMentions(name, check string, words ...string) *Then {
	t.T.Helper()
	what := fmt.Sprintf("the message of check %s of %s mentions %q", check, name, words)
	t.eventually(what, func(ctx context.Context) (bool, string) {
		guard, _ := t.Guard(ctx, name)
		got := guard.Check(check)
		return mentions(got.Message, words), fmt.Sprintf("%+v", got)
	})
	return t
}

// HasRevision waits until the guard has a revision with this pod-template-hash and verdict.
func (t *Then) HasRevision(name, hash, verdict string) *Then {
	t.T.Helper()
	what := fmt.Sprintf("revision %s of %s has verdict %s", hash, name, verdict)
	t.eventually(what, func(ctx context.Context) (bool, string) {
		guard, _ := t.Guard(ctx, name)
		isIt := func(r Revision) bool { return r.Hash == hash && r.Verdict == verdict }
		return slices.ContainsFunc(guard.Status.Revisions, isIt), guard.statusJSON()
	})
	return t
}

// BaselineFailedBeforeRelease waits until a check has failed for the baseline while the release has
// no running pod.
func (t *Then) BaselineFailedBeforeRelease(name, check string) *Then {
	t.T.Helper()
	return t.baselineBeforeRelease(name, check, "Fail")
}

// BaselinePassedBeforeRelease waits until a check has passed for the baseline while the release has
// no running pod. From then on the controller knows that it can reach the node, so a release that
// does not respond is a failure.
func (t *Then) BaselinePassedBeforeRelease(name, check string) *Then {
	t.T.Helper()
	return t.baselineBeforeRelease(name, check, "Pass")
}

func (t *Then) baselineBeforeRelease(name, check, result string) *Then {
	t.T.Helper()
	what := fmt.Sprintf("check %s has result %s for the baseline of %s before the release",
		check, result, name)
	t.eventually(what, func(ctx context.Context) (bool, string) {
		guard, _ := t.Guard(ctx, name)
		baseline := guard.Check(check).Baseline
		isThis := baseline != nil && baseline.Result == result && baseline.BeforeRelease
		return isThis, guard.statusJSON()
	})
	return t
}

// CheckFailsInIdle waits until a check has failed twice in state Idle.
func (t *Then) CheckFailsInIdle(name, check string) *Then {
	t.T.Helper()
	what := fmt.Sprintf("check %s of %s has failed twice in state Idle", check, name)
	t.eventually(what, func(ctx context.Context) (bool, string) {
		guard, _ := t.Guard(ctx, name)
		return slices.ContainsFunc(guard.Status.IdleResults, func(result IdleResult) bool {
			return result.Check == check && result.ConsecutiveFailures >= 2
		}), guard.statusJSON()
	})
	return t
}

// VerdictIs waits for the verdict of the current revision.
func (t *Then) VerdictIs(name, verdict string) *Then {
	t.T.Helper()
	what := fmt.Sprintf("the verdict of the current revision of %s is %s", name, verdict)
	t.eventually(what, func(ctx context.Context) (bool, string) {
		guard, _ := t.Guard(ctx, name)
		current := guard.Status.Current
		return current != nil && current.Verdict == verdict, guard.statusJSON()
	})
	return t
}

// TookAtLeast expects that something did not happen too early, and logs how long it took. There is
// no upper limit: a loaded machine may be slow, and benches measure how slow.
func (t *Then) TookAtLeast(what string, took, lower time.Duration) *Then {
	t.T.Helper()
	t.T.Logf("%s took %s", what, took)
	if took < lower {
		t.T.Errorf("%s took %s; want at least %s", what, took, lower)
	}
	return t
}

// recordRelease stores the state of a Deployment as that of this version, for IsCleanUndo.
func (s *Scenario) recordRelease(app App) {
	s.T.Helper()
	s.releases[app.key()] = s.releaseStateOf(app.Name)
}

func (s *Scenario) releaseStateOf(name string) releaseState {
	s.T.Helper()
	d := s.Deployment(context.Background(), name)
	template, err := json.Marshal(d.Spec.Template)
	s.must(err)
	return releaseState{
		template:    template,
		lastApplied: d.Annotations[lastApplied],
		owners:      templateOwners(d.ManagedFields),
	}
}

// templateOwners returns the managers of fields below spec.template, each with its fields.
func templateOwners(entries []metav1.ManagedFieldsEntry) map[string]string {
	owners := map[string]string{}
	for _, entry := range entries {
		var fields struct {
			Spec struct {
				Template json.RawMessage `json:"f:template"`
			} `json:"f:spec"`
		}
		if entry.FieldsV1 == nil || json.Unmarshal(entry.FieldsV1.Raw, &fields) != nil ||
			fields.Spec.Template == nil {
			continue
		}
		owner := fmt.Sprintf("%s %s %s", entry.Manager, entry.Operation, entry.Subresource)
		owners[owner] = string(fields.Spec.Template)
	}
	return owners
}

func sameJSON(a, b []byte) bool {
	var valueA, valueB any
	return json.Unmarshal(a, &valueA) == nil && json.Unmarshal(b, &valueB) == nil &&
		reflect.DeepEqual(valueA, valueB)
}
