// Then: what must be seen on the Deployment, on its guard, in Events.
package story

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

// IsGood waits until the present version of an app is one to go back to.
func (t *Then) IsGood(app App) *Then {
	t.T.Helper()
	t.awaitGood(app.Name)
	t.remember(app)
	return t
}

// StateIs waits for a state and its reason; an empty reason is any.
func (t *Then) StateIs(name, state, reason string) *Then {
	t.T.Helper()
	t.eventually(fmt.Sprintf("the guard of %s is %s %s", name, state, reason), func(ctx context.Context) (bool, string) {
		guard, there := t.ThisGuard(ctx, name)
		if !there {
			return false, "there is no DeploymentGuard"
		}
		return guard.Status.State == state && (reason == "" || guard.Status.Reason == reason), guard.says()
	})
	return t
}

// IsPutBack waits until a Deployment runs the good version again and is judged, and holds the clean undo: template,
// last-applied annotation and owners of fields are as they were when that version was good.
func (t *Then) IsPutBack(good App) *Then {
	t.T.Helper()
	t.eventually(good.Name+" is put back to "+good.Version, func(ctx context.Context) (bool, string) {
		rollbacks := t.Rollbacks(ctx, good.Name)
		if len(rollbacks) == 0 {
			guard, _ := t.ThisGuard(ctx, good.Name)
			return false, "no Rollback; guard " + guard.says()
		}
		last := rollbacks[len(rollbacks)-1].Status
		return last.Phase == "Verifying" || last.Phase == "Succeeded", last.Phase + ": " + last.Message
	})
	t.awaitAvailable(good.Name)
	return t.UndoneCleanly(good)
}

// IsPutBackAndVerified is IsPutBack, and the restored version has passed its checks.
func (t *Then) IsPutBackAndVerified(good App) *Then {
	t.T.Helper()
	return t.IsPutBack(good).StateIs(good.Name, "Idle", "RolledBack")
}

// UndoneCleanly compares a Deployment with what it was when that version was good.
func (t *Then) UndoneCleanly(good App) *Then {
	t.T.Helper()
	was, known := t.releases[good.key()]
	if !known {
		t.T.Fatalf("the story does not know what %s was; ship it by Given().Good first", good.key())
	}
	is := t.snapshotOf(good.Name)
	if !sameJSON(is.template, was.template) {
		t.T.Errorf("the template of %s is not that of %s:\n is %s\nwas %s", good.Name, good.Version, is.template, was.template)
	}
	if is.lastApplied != was.lastApplied {
		t.T.Errorf("the last-applied annotation of %s is not that of %s:\n is %s\nwas %s", good.Name, good.Version, is.lastApplied, was.lastApplied)
	}
	if !reflect.DeepEqual(is.owners, was.owners) {
		t.T.Errorf("the owners of %s's template are not those of %s:\n is %v\nwas %v", good.Name, good.Version, is.owners, was.owners)
	}
	return t
}

// ConditionSays waits for a condition of a guard with that status and reason, whose message has all of the words.
func (t *Then) ConditionSays(name, kind, status, reason string, words ...string) *Then {
	t.T.Helper()
	t.eventually(fmt.Sprintf("condition %s of %s is %s %s with %q", kind, name, status, reason, words), func(ctx context.Context) (bool, string) {
		guard, there := t.ThisGuard(ctx, name)
		if !there {
			return false, "there is no DeploymentGuard"
		}
		is := guard.condition(kind)
		return string(is.Status) == status && is.Reason == reason && containsAll(is.Message, words), fmt.Sprintf("%s %s: %s", is.Status, is.Reason, is.Message)
	})
	return t
}

// CheckSays waits for the last answer of a check.
func (t *Then) CheckSays(name, check, result, reason string) *Then {
	t.T.Helper()
	t.eventually(fmt.Sprintf("check %s of %s says %s %s", check, name, result, reason), func(ctx context.Context) (bool, string) {
		guard, _ := t.ThisGuard(ctx, name)
		is := guard.check(check)
		return is.Result == result && is.Reason == reason, guard.says()
	})
	return t
}

// Rolledback is the newest Rollback of a Deployment.
func (t *Then) Rolledback(name string) Rollback {
	t.T.Helper()
	rollbacks := t.Rollbacks(context.Background(), name)
	if len(rollbacks) == 0 {
		t.T.Fatalf("there is no Rollback of %s", name)
	}
	return rollbacks[len(rollbacks)-1]
}

// BecauseOf says which check was breached in the newest Rollback, and the reason of it.
func (t *Then) BecauseOf(name, check, reason string) *Then {
	t.T.Helper()
	if spec := t.Rolledback(name).Spec; spec.Check != check || spec.Reason != reason {
		t.T.Errorf("%s was rolled back because check %s was breached, %s (%s); want %s, %s", name, spec.Check, spec.Reason, spec.Message, check, reason)
	}
	return t
}

// VerdictIs waits for the verdict on the present revision.
func (t *Then) VerdictIs(name, verdict string) *Then {
	t.T.Helper()
	t.eventually(fmt.Sprintf("the present revision of %s is %s", name, verdict), func(ctx context.Context) (bool, string) {
		guard, _ := t.ThisGuard(ctx, name)
		return guard.Status.Current != nil && guard.Status.Current.Verdict == verdict, guard.says()
	})
	return t
}

func (s *Story) remember(app App) {
	s.T.Helper()
	s.releases[app.key()] = s.snapshotOf(app.Name)
}

func (s *Story) snapshotOf(name string) snapshot {
	s.T.Helper()
	d, err := s.Cluster.Typed.AppsV1().Deployments(s.Namespace).Get(context.Background(), name, metav1.GetOptions{})
	s.must(err)
	template, err := json.Marshal(d.Spec.Template)
	s.must(err)
	return snapshot{template: template, lastApplied: d.Annotations["kubectl.kubernetes.io/last-applied-configuration"], owners: templateOwners(d.ManagedFields)}
}

// templateOwners are the managers of fields below spec.template, each with its fields.
func templateOwners(entries []metav1.ManagedFieldsEntry) map[string]string {
	owners := map[string]string{}
	for _, entry := range entries {
		var fields struct {
			Spec struct {
				Template json.RawMessage `json:"f:template"`
			} `json:"f:spec"`
		}
		if entry.FieldsV1 == nil || json.Unmarshal(entry.FieldsV1.Raw, &fields) != nil || fields.Spec.Template == nil {
			continue
		}
		owners[fmt.Sprintf("%s %s %s", entry.Manager, entry.Operation, entry.Subresource)] = string(fields.Spec.Template)
	}
	return owners
}

func sortedByGeneration(rollbacks []Rollback) []Rollback {
	slices.SortFunc(rollbacks, func(a, b Rollback) int {
		if a.Metadata.CreationTimestamp.Equal(&b.Metadata.CreationTimestamp) {
			return int(a.Spec.Generation - b.Spec.Generation)
		}
		return a.Metadata.CreationTimestamp.Compare(b.Metadata.CreationTimestamp.Time)
	})
	return rollbacks
}

func sameJSON(a, b []byte) bool {
	var one, other any
	return json.Unmarshal(a, &one) == nil && json.Unmarshal(b, &other) == nil && reflect.DeepEqual(one, other)
}

func containsAll(text string, words []string) bool {
	return !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(text, word) })
}

// Between fails unless a duration is within the bounds.
func (t *Then) Between(what string, took, least, most time.Duration) *Then {
	t.T.Helper()
	if took < least || took > most {
		t.T.Errorf("%s took %s; want %s to %s", what, took, least, most)
	}
	return t
}

// UndoneCleanlyBut is UndoneCleanly, where one manager has shipped since and may own something too.
func (t *Then) UndoneCleanlyBut(good App, other string) *Then {
	t.T.Helper()
	was := t.releases[good.key()]
	is := t.snapshotOf(good.Name)
	if !sameJSON(is.template, was.template) {
		t.T.Errorf("the template of %s is not that of %s:\n is %s\nwas %s", good.Name, good.Version, is.template, was.template)
	}
	for owner := range is.owners {
		if _, known := was.owners[owner]; !known && !strings.HasPrefix(owner, other+" ") {
			t.T.Errorf("%q owns a part of %s's template", owner, good.Name)
		}
	}
	return t
}
