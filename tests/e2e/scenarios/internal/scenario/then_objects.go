// Then: expectations about ReplicaSets, policies, the kstatus of objects, and metrics.
package scenario

import (
	"context"
	"fmt"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// HasReplicaSets waits until a Deployment has this number of ReplicaSets.
func (t *Then) HasReplicaSets(name string, count int) *Then {
	t.T.Helper()
	what := fmt.Sprintf("%s has %d ReplicaSets", name, count)
	replicaSets := t.Cluster.Typed.AppsV1().ReplicaSets(t.Namespace)
	t.eventually(what, func(ctx context.Context) (bool, string) {
		list, err := replicaSets.List(ctx, metav1.ListOptions{LabelSelector: "app=" + name})
		if err != nil {
			return false, err.Error()
		}
		return len(list.Items) == count, fmt.Sprintf("%d", len(list.Items))
	})
	return t
}

// HasNoGuard expects that a Deployment has no DeploymentGuard.
func (t *Then) HasNoGuard(name string) *Then {
	t.T.Helper()
	if guard, found := t.Guard(context.Background(), name); found {
		t.T.Errorf("%s has a DeploymentGuard: %s", name, guard.statusJSON())
	}
	return t
}

// PolicyGuardsDeployments waits until a policy is Ready and its status.guarded is `count`.
func (t *Then) PolicyGuardsDeployments(name string, count int64) *Then {
	t.T.Helper()
	what := fmt.Sprintf("policy %s is ready and guards %d Deployments", name, count)
	return t.policyStatus(name, what, func(ready metav1.Condition, guarded int64) bool {
		return ready.Status == metav1.ConditionTrue && guarded == count
	})
}

// PolicyIsNotReady waits until the condition Ready of a policy is False with this reason.
func (t *Then) PolicyIsNotReady(name, reason string, words ...string) *Then {
	t.T.Helper()
	what := fmt.Sprintf("policy %s is not ready, reason %s, and mentions %q", name, reason, words)
	return t.policyStatus(name, what, func(ready metav1.Condition, _ int64) bool {
		return ready.Status == metav1.ConditionFalse && ready.Reason == reason &&
			mentions(ready.Message, words)
	})
}

func (t *Then) policyStatus(name, what string,
	matches func(ready metav1.Condition, guarded int64) bool) *Then {
	t.T.Helper()
	policies := t.Cluster.Dynamic.Resource(lastgoodResource("rollbackpolicies")).Namespace(t.Namespace)
	t.eventually(what, func(ctx context.Context) (bool, string) {
		object, err := policies.Get(ctx, name, metav1.GetOptions{})
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
		ready := conditionOf(policy.Status.Conditions, "Ready")
		return matches(ready, policy.Status.Guarded), fmt.Sprintf("%+v", policy.Status)
	})
	return t
}

// KstatusIs waits until kstatus computes the status `want` for an object, as Flux and Helm do.
func (t *Then) KstatusIs(plural, name string, want status.Status) *Then {
	t.T.Helper()
	what := fmt.Sprintf("kstatus of %s %s is %s", plural, name, want)
	objects := t.Cluster.Dynamic.Resource(lastgoodResource(plural)).Namespace(t.Namespace)
	t.eventually(what, func(ctx context.Context) (bool, string) {
		object, err := objects.Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return false, err.Error()
		}
		got, err := status.Compute(object)
		if err != nil {
			return false, err.Error()
		}
		return got.Status == want, fmt.Sprintf("%s: %s", got.Status, got.Message)
	})
	return t
}

// MetricIs waits until the sum of a metric over all replicas has this value; see Metric for the
// selectors.
func (t *Then) MetricIs(name string, want float64, selectors ...string) *Then {
	t.T.Helper()
	t.eventually(fmt.Sprintf("%s is %g", name, want), func(context.Context) (bool, string) {
		got := t.Metric(name, selectors...)
		return got == want, fmt.Sprintf("%g", got)
	})
	return t
}

// MetricIsAtLeast waits until the sum of a metric over all replicas is not below this value. The
// counters of a process begin at 0.
func (t *Then) MetricIsAtLeast(name string, least float64, selectors ...string) *Then {
	t.T.Helper()
	what := fmt.Sprintf("%s is at least %g", name, least)
	t.eventually(what, func(context.Context) (bool, string) {
		if t.Process != nil && t.Process.address() == "" {
			return false, "the controller does not listen yet"
		}
		got := t.Metric(name, selectors...)
		return got >= least, fmt.Sprintf("%g", got)
	})
	return t
}

// MemoryIsAtMost expects that each replica of the controller uses at most this resident memory.
func (t *Then) MemoryIsAtMost(bytes float64) *Then {
	t.T.Helper()
	for _, page := range t.metricsPages() {
		used := sumOf(page, "process_resident_memory_bytes")
		if used <= 0 {
			t.T.Error("the metric process_resident_memory_bytes is missing or 0")
		}
		if used > bytes {
			t.T.Errorf("the controller uses %.0f bytes of memory; want at most %.0f", used, bytes)
		}
	}
	return t
}
