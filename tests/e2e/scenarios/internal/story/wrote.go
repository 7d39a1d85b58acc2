// Then: who wrote what, by the audit log.
package story

import (
	"context"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	configuration "k8s.io/client-go/applyconfigurations/core/v1"

	"lastgood.dev/tests/e2e/internal/audit"
)

// Who made a Deployment's template another one: whoever works with the administrator's credentials is a person.
const (
	byPerson   = "person"
	byLastgood = "lastgood"
)

func author(write audit.Write) string {
	switch write.User {
	case User:
		return byLastgood
	case "admin":
		return byPerson
	default:
		return write.User
	}
}

// TemplateChangedBy holds the authors of all changes of a Deployment's template, in their order, after its creation.
func (t *Then) TemplateChangedBy(name string, authors ...string) *Then {
	t.T.Helper()
	changes, err := t.completeLog().TemplateChanges(t.Namespace, name)
	t.must(err)
	var is []string
	for _, change := range changes {
		is = append(is, author(change.Write))
	}
	if !slices.Equal(is, authors) {
		t.T.Errorf("the template of %s was changed by %q; want %q", name, is, authors)
	}
	return t
}

// NothingWasDoneTo says that the controller has not so much as tried to write to Deployments; dry runs are questions. That it had
// the time to is for the story to show, by something else that it did later.
func (t *Then) NothingWasDoneTo(names ...string) *Then {
	t.T.Helper()
	for _, write := range t.completeLog().WritesBy(User) {
		if !write.DryRun && write.Namespace == t.Namespace && write.Resource == "deployments" && slices.Contains(names, write.Object) {
			t.T.Errorf("the controller wrote to %s at %s: %s, answered %d, %s", write.Object, write.Time.Format(time.TimeOnly), write.Verb, write.Code, write.RequestBody)
		}
	}
	return t
}

// PutBackInOrder holds the order in which Lastgood changed the templates of the story's Deployments, each once.
func (t *Then) PutBackInOrder(names ...string) *Then {
	t.T.Helper()
	log := t.completeLog()
	type change struct {
		name string
		at   time.Time
	}
	var changes []change
	for _, name := range names {
		written, err := log.TemplateChanges(t.Namespace, name)
		t.must(err)
		for _, one := range written {
			if author(one.Write) == byLastgood {
				changes = append(changes, change{name, one.Time})
			}
		}
	}
	slices.SortFunc(changes, func(a, b change) int { return a.at.Compare(b.at) })
	var is []string
	for _, one := range changes {
		is = append(is, one.name)
	}
	if !slices.Equal(is, names) {
		t.T.Errorf("Lastgood put back %q, in this order; want %q", is, names)
	}
	return t
}

// completeLog reads the log until a mark of ours is in it: then all that was written before is there too.
func (s *Story) completeLog() *audit.Log {
	s.T.Helper()
	mark := fmt.Sprintf("mark-%d", time.Now().UnixNano())
	object := configuration.ConfigMap(mark, s.Namespace)
	_, err := s.Cluster.Typed.CoreV1().ConfigMaps(s.Namespace).Apply(context.Background(), object, metav1.ApplyOptions{FieldManager: person})
	s.must(err)
	var whole *audit.Log
	s.eventually("the audit log is complete", func(context.Context) (bool, string) {
		whole, err = s.Cluster.Ledger.Read()
		if err != nil {
			return false, err.Error()
		}
		return slices.ContainsFunc(whole.Writes, func(w audit.Write) bool { return w.Object == mark }), "not yet"
	})
	return whole
}

// WasTriedBefore says that of every patch by which Lastgood changed a Deployment's template the API server had admitted the very
// same one as a dry run, at most half a minute before.
func (t *Then) WasTriedBefore(name string) *Then {
	t.T.Helper()
	const longest = 30 * time.Second
	log := t.completeLog()
	changes, err := log.TemplateChanges(t.Namespace, name)
	t.must(err)
	done := 0
	for _, change := range changes {
		if author(change.Write) != byLastgood {
			continue
		}
		done++
		isOfThis := func(write audit.Write) bool {
			early := change.Time.Sub(write.Time)
			return write.DryRun && write.Code == change.Code && write.Verb == change.Verb && write.Resource == "deployments" && write.Namespace == t.Namespace &&
				write.Object == name && early >= 0 && early <= longest && sameJSON(write.RequestBody, change.RequestBody)
		}
		if !slices.ContainsFunc(log.WritesBy(User), isOfThis) {
			t.T.Errorf("the patch of %s at %s was not tried before: %s", name, change.Time.Format(time.TimeOnly), change.RequestBody)
		}
	}
	if done == 0 {
		t.T.Errorf("Lastgood changed no template of %s", name)
	}
	return t
}
