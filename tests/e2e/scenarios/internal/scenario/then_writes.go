// Then: expectations about writes and their authors, by the audit log.
package scenario

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	configuration "k8s.io/client-go/applyconfigurations/core/v1"

	"lastgood.dev/tests/e2e/internal/audit"
)

// The authors of writes. The steps of users send their requests as the administrator.
const (
	byUser     = "user"
	byLastgood = "lastgood"
)

func author(write audit.Write) string {
	switch write.User {
	case ControllerUser:
		return byLastgood
	case "admin":
		return byUser
	default:
		return write.User
	}
}

// TemplateChangedBy expects the authors of all changes of a Deployment's template after its
// creation, oldest change first.
func (t *Then) TemplateChangedBy(name string, authors ...string) *Then {
	t.T.Helper()
	changes, err := t.completeAuditLog().TemplateChanges(t.Namespace, name)
	t.must(err)
	var got []string
	for _, change := range changes {
		got = append(got, author(change.Write))
	}
	if !slices.Equal(got, authors) {
		t.T.Errorf("the template of %s was changed by %q; want %q", name, got, authors)
	}
	return t
}

// HasNoControllerWrites expects that the controller has sent no write to these Deployments,
// except dry runs. The scenario must first wait for another action of the controller, to show that
// the controller had the time to write.
func (t *Then) HasNoControllerWrites(names ...string) *Then {
	t.T.Helper()
	for _, write := range t.completeAuditLog().WritesBy(ControllerUser) {
		isOfThese := write.Namespace == t.Namespace && write.Resource == "deployments" &&
			slices.Contains(names, write.Object)
		if isOfThese && !write.DryRun {
			t.T.Errorf("the controller wrote to %s at %s: %s, status %d, %s", write.Object,
				write.Time.Format(time.TimeOnly), write.Verb, write.Code, write.RequestBody)
		}
	}
	return t
}

// HasNoWritesSince expects that since a time, the controller has sent no write to a Deployment, its
// guard or its Rollbacks. As for HasNoControllerWrites, it must have had the time to write.
func (t *Then) HasNoWritesSince(name string, since time.Time) *Then {
	t.T.Helper()
	for _, write := range t.completeAuditLog().WritesBy(ControllerUser) {
		isOfThis := write.Namespace == t.Namespace &&
			slices.Contains([]string{"deployments", "deploymentguards", "rollbacks"}, write.Resource) &&
			(write.Object == name || strings.HasPrefix(write.Object, name+"-"))
		if isOfThis && write.Time.After(since) && !write.DryRun {
			t.T.Errorf("the controller wrote %s/%s of %s at %s: %s, status %d, %s", write.Resource,
				write.Subresource, write.Object, write.Time.Format(time.TimeOnly), write.Verb,
				write.Code, write.RequestBody)
		}
	}
	return t
}

// RolledBackInOrder expects that Lastgood changed the templates of these Deployments once each,
// in this order.
func (t *Then) RolledBackInOrder(names ...string) *Then {
	t.T.Helper()
	log := t.completeAuditLog()
	type change struct {
		name string
		time time.Time
	}
	var changes []change
	for _, name := range names {
		written, err := log.TemplateChanges(t.Namespace, name)
		t.must(err)
		for _, write := range written {
			if author(write.Write) == byLastgood {
				changes = append(changes, change{name, write.Time})
			}
		}
	}
	slices.SortFunc(changes, func(a, b change) int { return a.time.Compare(b.time) })
	var got []string
	for _, change := range changes {
		got = append(got, change.name)
	}
	if !slices.Equal(got, names) {
		t.T.Errorf("Lastgood rolled back %q, in this order; want %q", got, names)
	}
	return t
}

// completeAuditLog writes a marker and reads the log until the marker is in it. All earlier writes
// are in the log by then.
func (s *Scenario) completeAuditLog() *audit.Log {
	s.T.Helper()
	marker := fmt.Sprintf("mark-%d", time.Now().UnixNano())
	configMaps := s.Cluster.Typed.CoreV1().ConfigMaps(s.Namespace)
	_, err := configMaps.Apply(context.Background(), configuration.ConfigMap(marker, s.Namespace),
		metav1.ApplyOptions{FieldManager: fieldManager})
	s.must(err)
	var log *audit.Log
	s.eventually("complete audit log", func(context.Context) (bool, string) {
		log, err = s.Cluster.AuditLog.Read()
		if err != nil {
			return false, err.Error()
		}
		isMarker := func(write audit.Write) bool { return write.Object == marker }
		return slices.ContainsFunc(log.Writes, isMarker), "the marker is missing"
	})
	return log
}

// PatchWasDryRunFirst expects that the API server admitted every patch by which Lastgood changed a
// Deployment's template as a dry run, at most 30 s earlier.
func (t *Then) PatchWasDryRunFirst(name string) *Then {
	t.T.Helper()
	const maxAge = 30 * time.Second
	log := t.completeAuditLog()
	changes, err := log.TemplateChanges(t.Namespace, name)
	t.must(err)
	patches := 0
	for _, change := range changes {
		if author(change.Write) != byLastgood {
			continue
		}
		patches++
		isDryRunOfChange := func(write audit.Write) bool {
			age := change.Time.Sub(write.Time)
			return write.DryRun && age >= 0 && age <= maxAge && write.Code == change.Code &&
				write.Verb == change.Verb && write.Resource == "deployments" &&
				write.Namespace == t.Namespace && write.Object == name &&
				sameJSON(write.RequestBody, change.RequestBody)
		}
		if !slices.ContainsFunc(log.WritesBy(ControllerUser), isDryRunOfChange) {
			t.T.Errorf("the patch of %s at %s had no dry run before it: %s", name,
				change.Time.Format(time.TimeOnly), change.RequestBody)
		}
	}
	if patches == 0 {
		t.T.Errorf("Lastgood has not changed the template of %s", name)
	}
	return t
}
