// Given: policies and Deployments before the release.
package scenario

import (
	"context"
	"fmt"
	"strings"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/yaml"
)

// Policy creates a RollbackPolicy; spec is YAML. If the controller in the cluster is used, waits
// until it has seen the policy.
func (g *Given) Policy(name, spec string) *Given {
	g.T.Helper()
	g.applyPolicy(name, spec)
	if g.Process == nil {
		g.awaitPolicySeen(name)
	}
	return g
}

func (s *Scenario) awaitPolicySeen(name string) {
	s.T.Helper()
	policies := s.Cluster.Dynamic.Resource(lastgoodResource("rollbackpolicies")).Namespace(s.Namespace)
	s.eventually("the controller has seen policy "+name, func(ctx context.Context) (bool, string) {
		policy, err := policies.Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return false, err.Error()
		}
		seen, _, _ := unstructured.NestedInt64(policy.Object, "status", "observedGeneration")
		return seen >= policy.GetGeneration(), fmt.Sprintf("generation %d", seen)
	})
}

// ConfigMap creates a ConfigMap.
func (g *Given) ConfigMap(name string, data map[string]string) *Given {
	g.T.Helper()
	g.createConfigMap(name, data)
	return g
}

// Service creates a Service that sends port 8080 to the pods of an app.
func (g *Given) Service(name, app string) *Given {
	g.T.Helper()
	service := &core.Service{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: core.ServiceSpec{
		Selector: map[string]string{"app": app},
		Ports:    []core.ServicePort{{Port: appPort, TargetPort: intstr.FromInt32(appPort)}},
	}}
	services := g.Cluster.Typed.CoreV1().Services(g.Namespace)
	_, err := services.Create(context.Background(), service, metav1.CreateOptions{})
	g.must(err)
	return g
}

// Running applies apps and waits until their rollouts are complete.
func (g *Given) Running(apps ...App) *Given {
	g.T.Helper()
	for _, app := range apps {
		g.apply(app)
	}
	for _, app := range apps {
		g.awaitAvailable(app.Name)
		g.recordRelease(app)
	}
	return g
}

// Good applies apps and waits until each has a good revision with a snapshot.
func (g *Given) Good(apps ...App) *Given {
	g.T.Helper()
	g.Running(apps...)
	for _, app := range apps {
		g.awaitGood(app.Name)
		g.recordRelease(app)
	}
	return g
}

// PresumedGoodUnder applies apps, waits until they are available, and only then opts them in to a
// policy. Their revisions are presumed good, without a bake.
func (g *Given) PresumedGoodUnder(policy string, apps ...App) *Given {
	g.T.Helper()
	g.Running(apps...)
	for _, app := range apps {
		g.When().Annotated(app.Name, "lastgood.dev/policy", policy)
	}
	for _, app := range apps {
		g.Then().VerdictIs(app.Name, "PresumedGood").IsGood(app)
	}
	return g
}

// Applied applies an app without waiting.
func (g *Given) Applied(app App) *Given {
	g.T.Helper()
	g.apply(app)
	return g
}

// ControllerStarted starts the scenario's own controller.
func (g *Given) ControllerStarted() *Given {
	g.T.Helper()
	g.Process.Start()
	return g
}

func (s *Scenario) applyPolicy(name, spec string) {
	s.T.Helper()
	object := map[string]any{}
	s.must(yaml.Unmarshal([]byte(spec), &object))
	policy := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "lastgood.dev/v1alpha1", "kind": "RollbackPolicy",
		"metadata": map[string]any{"name": name}, "spec": object,
	}}
	policies := s.Cluster.Dynamic.Resource(lastgoodResource("rollbackpolicies")).Namespace(s.Namespace)
	_, err := policies.Apply(context.Background(), name, policy,
		metav1.ApplyOptions{FieldManager: fieldManager})
	s.must(err)
}

func (s *Scenario) createConfigMap(name string, data map[string]string) {
	s.T.Helper()
	object := &core.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: data}
	configMaps := s.Cluster.Typed.CoreV1().ConfigMaps(s.Namespace)
	_, err := configMaps.Create(context.Background(), object, metav1.CreateOptions{})
	s.must(err)
}

func (s *Scenario) awaitAvailable(name string) {
	s.T.Helper()
	deployments := s.Cluster.Typed.AppsV1().Deployments(s.Namespace)
	s.eventually("complete rollout of "+name, func(ctx context.Context) (bool, string) {
		d, err := deployments.Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return false, err.Error()
		}
		want, status := *d.Spec.Replicas, d.Status
		isComplete := status.ObservedGeneration >= d.Generation && status.UpdatedReplicas == want &&
			status.Replicas == want && status.AvailableReplicas == want
		seen := fmt.Sprintf("%d of %d replicas are available", status.AvailableReplicas, want)
		return isComplete, seen
	})
}

func (s *Scenario) awaitGood(name string) {
	s.T.Helper()
	what := name + " is good, has a snapshot, and its checks were measured"
	s.eventually(what, func(ctx context.Context) (bool, string) {
		guard, found := s.Guard(ctx, name)
		if !found {
			return false, noGuard
		}
		current := guard.Status.Current
		established := meta.FindStatusCondition(guard.Status.Conditions, "ChecksEstablished")
		isMeasured := established == nil || !strings.Contains(established.Message, "(Pending)")
		isGood := isMeasured && current != nil && strings.HasSuffix(current.Verdict, "Good") &&
			current.Snapshot != "" && s.isCurrent(ctx, name, current.Hash)
		return isGood && guard.Status.State == "Idle", guard.statusJSON()
	})
}

// isCurrent reports whether all pods have this pod-template-hash, and the Deployment controller has
// observed the template. Shortly after a change of the template, the guard still shows the verdict
// of the previous revision.
func (s *Scenario) isCurrent(ctx context.Context, name, hash string) bool {
	deployments := s.Cluster.Typed.AppsV1().Deployments(s.Namespace)
	d, err := deployments.Get(ctx, name, metav1.GetOptions{})
	if err != nil || d.Status.ObservedGeneration < d.Generation {
		return false
	}
	pods, err := s.podsOf(ctx, name)
	if err != nil || len(pods) == 0 {
		return false
	}
	for _, pod := range pods {
		if pod.Labels["pod-template-hash"] != hash {
			return false
		}
	}
	return true
}

func (s *Scenario) podsOf(ctx context.Context, app string) ([]core.Pod, error) {
	options := metav1.ListOptions{LabelSelector: "app=" + app}
	pods, err := s.Cluster.Typed.CoreV1().Pods(s.Namespace).List(ctx, options)
	if err != nil {
		return nil, err
	}
	return pods.Items, nil
}
