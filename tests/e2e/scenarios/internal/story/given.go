// Given: policies and Deployments as they were before the story begins.
package story

import (
	"context"
	"fmt"
	"strings"

	core "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/yaml"
)

// Policy creates a RollbackPolicy with that spec, in YAML.
func (g *Given) Policy(name, spec string) *Given {
	g.T.Helper()
	g.applyPolicy(name, spec)
	return g
}

// ConfigMap creates one.
func (g *Given) ConfigMap(name string, data map[string]string) *Given {
	g.T.Helper()
	g.applyConfigMap(name, data)
	return g
}

// Service leads port 8080 to the pods of an app.
func (g *Given) Service(name, app string) *Given {
	g.T.Helper()
	service := &core.Service{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: core.ServiceSpec{
		Selector: map[string]string{"app": app},
		Ports:    []core.ServicePort{{Port: appPort, TargetPort: intstr.FromInt32(appPort)}},
	}}
	_, err := g.Cluster.Typed.CoreV1().Services(g.Namespace).Create(context.Background(), service, metav1.CreateOptions{})
	g.must(err)
	return g
}

// Running ships apps and waits until their pods are available.
func (g *Given) Running(apps ...App) *Given {
	g.T.Helper()
	for _, app := range apps {
		g.ship(app)
	}
	for _, app := range apps {
		g.awaitAvailable(app.Name)
		g.remember(app)
	}
	return g
}

// Good ships apps and waits until each is one to go back to.
func (g *Given) Good(apps ...App) *Given {
	g.T.Helper()
	g.Running(apps...)
	for _, app := range apps {
		g.awaitGood(app.Name)
		g.remember(app)
	}
	return g
}

// RanBefore are apps that ran completely available before anybody opted in by naming a policy: presumed good, they are there to
// go back to without a bake.
func (g *Given) RanBefore(policy string, apps ...App) *Given {
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

// Deployed ships an app and waits for nothing.
func (g *Given) Deployed(app App) *Given {
	g.T.Helper()
	g.ship(app)
	return g
}

// TheControllerRuns starts the story's own.
func (g *Given) TheControllerRuns() *Given {
	g.T.Helper()
	g.Process.Start()
	return g
}

func (s *Story) applyPolicy(name, spec string) {
	s.T.Helper()
	object := map[string]any{}
	s.must(yaml.Unmarshal([]byte(spec), &object))
	policy := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "lastgood.dev/v1alpha1", "kind": "RollbackPolicy", "metadata": map[string]any{"name": name}, "spec": object,
	}}
	_, err := s.Cluster.Dynamic.Resource(kind("rollbackpolicies")).Namespace(s.Namespace).
		Apply(context.Background(), name, policy, metav1.ApplyOptions{FieldManager: person})
	s.must(err)
}

func (s *Story) applyConfigMap(name string, data map[string]string) {
	s.T.Helper()
	object := &core.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: data}
	_, err := s.Cluster.Typed.CoreV1().ConfigMaps(s.Namespace).Create(context.Background(), object, metav1.CreateOptions{})
	s.must(err)
}

func (s *Story) awaitAvailable(name string) {
	s.T.Helper()
	s.eventually("the rollout of "+name+" is complete", func(ctx context.Context) (bool, string) {
		d, err := s.Cluster.Typed.AppsV1().Deployments(s.Namespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return false, err.Error()
		}
		want := *d.Spec.Replicas
		at := d.Status
		whole := at.ObservedGeneration >= d.Generation && at.UpdatedReplicas == want && at.Replicas == want && at.AvailableReplicas == want
		return whole, fmt.Sprintf("%d of %d replicas are available", at.AvailableReplicas, want)
	})
}

func (s *Story) awaitGood(name string) {
	s.T.Helper()
	s.eventually(name+" is good and its template is kept", func(ctx context.Context) (bool, string) {
		guard, there := s.ThisGuard(ctx, name)
		if !there {
			return false, "there is no DeploymentGuard"
		}
		current := guard.Status.Current
		good := current != nil && strings.HasSuffix(current.Verdict, "Good") && current.KeptAs != "" && s.isCurrent(ctx, name, current.Hash)
		return good && guard.Status.State == "Idle", guard.says()
	})
}

// isCurrent tells a verdict on the present template from one on the template before, whose pods are all there are for a moment.
func (s *Story) isCurrent(ctx context.Context, name, hash string) bool {
	d, err := s.Cluster.Typed.AppsV1().Deployments(s.Namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil || d.Status.ObservedGeneration < d.Generation {
		return false
	}
	pods, err := s.Cluster.Typed.CoreV1().Pods(s.Namespace).List(ctx, metav1.ListOptions{LabelSelector: "app=" + name})
	if err != nil || len(pods.Items) == 0 {
		return false
	}
	for _, pod := range pods.Items {
		if pod.Labels["pod-template-hash"] != hash {
			return false
		}
	}
	return true
}
