// Then: expectations about the condition ChecksValid and the Events of policies.
package scenario

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// PolicyChecksAre waits until the condition ChecksValid of a policy has this status and reason, for
// the present generation of the policy.
func (t *Then) PolicyChecksAre(name, status, reason string, words ...string) *Then {
	t.T.Helper()
	what := fmt.Sprintf("ChecksValid of policy %s is %s (%s) and mentions %q", name, status, reason,
		words)
	policies := t.Cluster.Dynamic.Resource(lastgoodResource("rollbackpolicies")).Namespace(t.Namespace)
	t.eventually(what, func(ctx context.Context) (bool, string) {
		object, err := policies.Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return false, err.Error()
		}
		var policy struct {
			Status struct{ Conditions []metav1.Condition }
		}
		if err := convert(object.Object, &policy); err != nil {
			return false, err.Error()
		}
		valid := conditionOf(policy.Status.Conditions, "ChecksValid")
		isMet := string(valid.Status) == status && valid.Reason == reason &&
			valid.ObservedGeneration == object.GetGeneration() && mentions(valid.Message, words)
		return isMet, fmt.Sprintf("%+v", valid)
	})
	return t
}

// HasPolicyEvent waits until there is an Event about a policy.
func (t *Then) HasPolicyEvent(name, reason string, words ...string) *Then {
	t.T.Helper()
	what := fmt.Sprintf("an Event %s on policy %s that mentions %q", reason, name, words)
	t.eventually(what, func(ctx context.Context) (bool, string) {
		list, err := t.Cluster.Typed.EventsV1().Events(t.Namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			return false, err.Error()
		}
		var notes []string
		for _, event := range list.Items {
			if event.Regarding.Kind != "RollbackPolicy" || event.Regarding.Name != name ||
				event.Reason != reason {
				continue
			}
			if mentions(event.Note, words) {
				return true, ""
			}
			notes = append(notes, event.Note)
		}
		return false, fmt.Sprintf("%q", notes)
	})
	return t
}
