// Lastgood's own kinds, as far as the stories read them. Written here once more, and not shared with the controller: a test
// reads what users read.
package story

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func kind(plural string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "lastgood.dev", Version: "v1alpha1", Resource: plural}
}

// Revision is one of a guard's memory.
type Revision struct {
	Hash, ReplicaSet, Verdict, KeptAs string
	Number                            int64
}

// Check is how a check stands.
type Check struct {
	Name, Result, Reason, Message string
	Failures, FailureThreshold    int
	Breached                      bool
	FirstFailure, LastFailure     *time.Time
	Comparison                    *Comparison
}

// Comparison is how the same check answered for the revision that would be put back.
type Comparison struct {
	Result, Reason, Message, Revision string
	Before                            bool
}

// GuardStatus is a DeploymentGuard's.
type GuardStatus struct {
	DeploymentUID, Policy, State, Reason, Message, Rollback string
	Current, LastGood                                       *Revision
	Revisions                                               []Revision
	Checks                                                  []Check
	RolledOut                                               *time.Time
	Conditions                                              []metav1.Condition
	Rollbacks                                               []struct{ Name string }
	Contests                                                []struct{ By string }
	Freeze                                                  *struct{ Reason, Message string }
	LastDrill                                               *Drill
}

// Drill is how the last one went.
type Drill struct {
	Rollback, Message string
	At                *time.Time
	Passed            bool
}

// Guard is a DeploymentGuard.
type Guard struct {
	Metadata metav1.ObjectMeta
	Status   GuardStatus
}

// Rollback is one of that kind.
type Rollback struct {
	Metadata metav1.ObjectMeta
	Spec     struct {
		Deployment, Check, Reason, Message, Mode, Policy, ReleasedBy, CausedBy string
		Generation                                                             int64
		ToRevision                                                             *int64
		Drill                                                                  bool
		From, To                                                               Revision
		Detected, Released                                                     *time.Time
		Group                                                                  *struct {
			Name    string
			Members []string
		}
	}
	Status struct {
		Phase, Message, TimeToDetect, TimeToAct             string
		FirstFailure, TemplateRestored, RolledOut, Finished *time.Time
		Evidence, Verification                              []Check
		Changes                                             []struct{ Path, From, To string }
		Timeline                                            []struct {
			At   time.Time
			What string
		}
		Conditions []metav1.Condition
	}
}

// Acts says whether it was begun to change the Deployment, and is no rehearsal, no might-have-been and nothing refused.
func (r Rollback) Acts() bool {
	return !r.Spec.Drill && r.Status.Phase != "Observed" && r.Status.Phase != "Refused"
}

// ThisGuard is the guard of a Deployment; false while it is not there.
func (s *Story) ThisGuard(ctx context.Context, name string) (Guard, bool) {
	var guard Guard
	object, err := s.Cluster.Dynamic.Resource(kind("deploymentguards")).Namespace(s.Namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return guard, false
	}
	return guard, convert(object.Object, &guard) == nil
}

// Rollbacks are those of a Deployment that act, the oldest first.
func (s *Story) Rollbacks(ctx context.Context, name string) []Rollback {
	return slices.DeleteFunc(s.Records(ctx, name), func(one Rollback) bool { return !one.Acts() })
}

// Records are all Rollbacks of a Deployment, also drills and those that came to nothing; the oldest first.
func (s *Story) Records(ctx context.Context, name string) []Rollback {
	list, err := s.Cluster.Dynamic.Resource(kind("rollbacks")).Namespace(s.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil
	}
	var found []Rollback
	for _, item := range list.Items {
		var one Rollback
		if convert(item.Object, &one) == nil && one.Spec.Deployment == name {
			found = append(found, one)
		}
	}
	return sortedByGeneration(found)
}

func convert(from any, to any) error {
	text, err := json.Marshal(from)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, to)
}

func (g Guard) says() string {
	text, err := json.Marshal(g.Status)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func (g Guard) condition(kind string) metav1.Condition {
	for _, condition := range g.Status.Conditions {
		if condition.Type == kind {
			return condition
		}
	}
	return metav1.Condition{}
}

func (g Guard) check(name string) Check {
	for _, check := range g.Status.Checks {
		if check.Name == name {
			return check
		}
	}
	return Check{}
}
