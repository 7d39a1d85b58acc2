// Then: what else there is, and what is not.
package story

import (
	"context"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// HasReplicaSets waits until a Deployment has so many of them.
func (t *Then) HasReplicaSets(name string, count int) *Then {
	t.T.Helper()
	t.eventually(fmt.Sprintf("%s has %d ReplicaSets", name, count), func(ctx context.Context) (bool, string) {
		sets, err := t.Cluster.Typed.AppsV1().ReplicaSets(t.Namespace).List(ctx, metav1.ListOptions{LabelSelector: "app=" + name})
		if err != nil {
			return false, err.Error()
		}
		return len(sets.Items) == count, fmt.Sprintf("%d", len(sets.Items))
	})
	return t
}

// HasRollbacks waits until so many rollbacks of a Deployment were begun.
func (t *Then) HasRollbacks(name string, count int) *Then {
	t.T.Helper()
	t.eventually(fmt.Sprintf("%s has %d Rollbacks", name, count), func(ctx context.Context) (bool, string) {
		is := len(t.Rollbacks(ctx, name))
		return is == count, fmt.Sprintf("%d", is)
	})
	return t
}

// HasRecords waits until so many Rollbacks of a Deployment are left, of any kind.
func (t *Then) HasRecords(name string, count int) *Then {
	t.T.Helper()
	t.eventually(fmt.Sprintf("%s has %d records of rollbacks", name, count), func(ctx context.Context) (bool, string) {
		is := len(t.Records(ctx, name))
		return is == count, fmt.Sprintf("%d", is)
	})
	return t
}

// RecordsAre waits until the Rollbacks of those names, whatever their order, are all that is left of a Deployment's.
func (t *Then) RecordsAre(name string, names ...string) *Then {
	t.T.Helper()
	want := slices.Sorted(slices.Values(names))
	t.eventually(fmt.Sprintf("the records of %s are %q", name, want), func(ctx context.Context) (bool, string) {
		var is []string
		for _, one := range t.Records(ctx, name) {
			is = append(is, one.Metadata.Name)
		}
		slices.Sort(is)
		return slices.Equal(is, want), fmt.Sprintf("%q", is)
	})
	return t
}

// HasDrilled waits until the guard shows a drill.
func (t *Then) HasDrilled(name string) *Then {
	t.T.Helper()
	t.eventually(name+" has gone through a drill", func(ctx context.Context) (bool, string) {
		guard, _ := t.ThisGuard(ctx, name)
		return guard.Status.LastDrill != nil, guard.says()
	})
	return t
}

// HasNoGuard says that a Deployment is none of Lastgood's business.
func (t *Then) HasNoGuard(name string) *Then {
	t.T.Helper()
	if guard, there := t.ThisGuard(context.Background(), name); there {
		t.T.Errorf("%s has a DeploymentGuard: %s", name, guard.says())
	}
	return t
}

// PolicyGuards waits until a policy's status says that it can be used and how many Deployments it governs.
func (t *Then) PolicyGuards(name string, count int64) *Then {
	t.T.Helper()
	t.eventually(fmt.Sprintf("policy %s governs %d", name, count), func(ctx context.Context) (bool, string) {
		object, err := t.Cluster.Dynamic.Resource(kind("rollbackpolicies")).Namespace(t.Namespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return false, err.Error()
		}
		var policy struct {
			Status struct {
				Guarded    int64
				Conditions []metav1.Condition
			}
		}
		if err := convert(object.Object, &policy); err != nil {
			return false, err.Error()
		}
		ready := Guard{Status: GuardStatus{Conditions: policy.Status.Conditions}}.condition("Ready")
		return policy.Status.Guarded == count && ready.Status == metav1.ConditionTrue, fmt.Sprintf("%+v", policy.Status)
	})
	return t
}

// MetricIs waits until the sum of a metric over all replicas is that.
func (t *Then) MetricIs(name string, want float64, words ...string) *Then {
	t.T.Helper()
	t.eventually(fmt.Sprintf("%s is %g", name, want), func(context.Context) (bool, string) {
		is := t.Metric(name, words...)
		return is == want, fmt.Sprintf("%g", is)
	})
	return t
}

// MetricIsAtLeast is MetricIs where other stories may add to it.
func (t *Then) MetricIsAtLeast(name string, least float64, words ...string) *Then {
	t.T.Helper()
	t.eventually(fmt.Sprintf("%s is at least %g", name, least), func(context.Context) (bool, string) {
		is := t.Metric(name, words...)
		return is >= least, fmt.Sprintf("%g", is)
	})
	return t
}
