// The objects that the scenarios read: Deployments, and the fields of Lastgood's kinds.
package scenario

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	apps "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// lastgoodResource returns a resource of Lastgood's API by its plural name.
func lastgoodResource(plural string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "lastgood.dev", Version: "v1alpha1", Resource: plural}
}

// Revision is an entry of a guard's list of revisions.
type Revision struct {
	Hash, ReplicaSet, Verdict, Snapshot string
	Number                              int64
}

// Check is the status of a check.
type Check struct {
	Name, Result, Reason, Message         string
	ConsecutiveFailures, FailureThreshold int
	Breached                              bool
	FirstFailure, LastFailure             *time.Time
	Baseline                              *Baseline
}

// Baseline is the result of the same check for the baseline revision.
type Baseline struct {
	Result, Reason, Message, Revision string
	BeforeRelease                     bool
	At                                *time.Time
}

// IdleResult is the last result of a check in state Idle.
type IdleResult struct {
	Check               string
	ConsecutiveFailures int
}

// GuardStatus is the status of a DeploymentGuard.
type GuardStatus struct {
	DeploymentUID, Policy, State, Reason, Message, Rollback string
	Current, LastGood                                       *Revision
	Revisions                                               []Revision
	Checks                                                  []Check
	IdleResults                                             []IdleResult
	RolledOut                                               *time.Time
	Conditions                                              []metav1.Condition
	Rollbacks                                               []PastRollback
	Contests                                                []struct{ By string }
	Freeze                                                  *struct{ Reason, Message string }
	LastDrill                                               *Drill
	Alerts                                                  []ReceivedAlert
}

// ReceivedAlert is an alert that Alertmanager sent. EndsAt is empty while it fires.
type ReceivedAlert struct{ Name, EndsAt string }

// PastRollback is an automatic rollback that counts towards the limits.
type PastRollback struct {
	Name string
	At   time.Time
}

// Drill is the result of the last drill.
type Drill struct {
	Rollback, Message string
	At                *time.Time
	Passed            bool
}

// Guard has the fields of a DeploymentGuard.
type Guard struct {
	Metadata metav1.ObjectMeta
	Status   GuardStatus
}

// Rollback has the fields of a Rollback.
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
			Time    time.Time
			Message string
		}
		Conditions []metav1.Condition
	}
}

// ChangesDeployment reports whether the Rollback changes the Deployment. Drills, and Rollbacks that
// were observed or rejected, change nothing.
func (r Rollback) ChangesDeployment() bool {
	return !r.Spec.Drill && r.Status.Phase != "Observed" && r.Status.Phase != "Rejected"
}

// Deployment returns a Deployment that must exist.
func (s *Scenario) Deployment(ctx context.Context, name string) *apps.Deployment {
	s.T.Helper()
	deployments := s.Cluster.Typed.AppsV1().Deployments(s.Namespace)
	found, err := deployments.Get(ctx, name, metav1.GetOptions{})
	s.must(err)
	return found
}

// Guard returns the guard of a Deployment, and false if the guard does not exist.
func (s *Scenario) Guard(ctx context.Context, name string) (Guard, bool) {
	var guard Guard
	guards := s.Cluster.Dynamic.Resource(lastgoodResource("deploymentguards")).Namespace(s.Namespace)
	object, err := guards.Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return guard, false
	}
	return guard, convert(object.Object, &guard) == nil
}

// Rollback returns a Rollback that must exist.
func (s *Scenario) Rollback(name string) Rollback {
	s.T.Helper()
	var rollback Rollback
	rollbacks := s.Cluster.Dynamic.Resource(lastgoodResource("rollbacks")).Namespace(s.Namespace)
	object, err := rollbacks.Get(context.Background(), name, metav1.GetOptions{})
	s.must(err)
	s.must(convert(object.Object, &rollback))
	return rollback
}

// Rollbacks returns the Rollbacks that change a Deployment, oldest first.
func (s *Scenario) Rollbacks(ctx context.Context, name string) []Rollback {
	return slices.DeleteFunc(s.AllRollbacks(ctx, name), func(rollback Rollback) bool {
		return !rollback.ChangesDeployment()
	})
}

// AllRollbacks returns all Rollbacks of a Deployment, oldest first, including drills and those
// that were observed or rejected.
func (s *Scenario) AllRollbacks(ctx context.Context, name string) []Rollback {
	rollbacks := s.Cluster.Dynamic.Resource(lastgoodResource("rollbacks")).Namespace(s.Namespace)
	list, err := rollbacks.List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil
	}
	var found []Rollback
	for _, item := range list.Items {
		var rollback Rollback
		if convert(item.Object, &rollback) == nil && rollback.Spec.Deployment == name {
			found = append(found, rollback)
		}
	}
	return sortedByAge(found)
}

// sortedByAge sorts Rollbacks, oldest first. Times of creation have whole seconds, so Rollbacks of
// the same second are sorted by generation.
func sortedByAge(rollbacks []Rollback) []Rollback {
	slices.SortFunc(rollbacks, func(a, b Rollback) int {
		if a.Metadata.CreationTimestamp.Equal(&b.Metadata.CreationTimestamp) {
			return int(a.Spec.Generation - b.Spec.Generation)
		}
		return a.Metadata.CreationTimestamp.Compare(b.Metadata.CreationTimestamp.Time)
	})
	return rollbacks
}

// convert copies an object from the API to one of the types above.
func convert(from any, to any) error {
	text, err := json.Marshal(from)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, to)
}

func (g Guard) statusJSON() string {
	text, err := json.Marshal(g.Status)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// conditionOf returns the condition of a type, or the zero value.
func conditionOf(conditions []metav1.Condition, conditionType string) metav1.Condition {
	for _, condition := range conditions {
		if condition.Type == conditionType {
			return condition
		}
	}
	return metav1.Condition{}
}

// Check returns the status of a check, or the zero value.
func (g Guard) Check(name string) Check {
	for _, check := range g.Status.Checks {
		if check.Name == name {
			return check
		}
	}
	return Check{}
}
