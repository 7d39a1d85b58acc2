// Given and When: PrometheusRules, and an Alertmanager that sends its alerts to the controller.
package scenario

import (
	"context"
	"fmt"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"lastgood.dev/tests/e2e/internal/daemon"
	"lastgood.dev/tests/e2e/internal/local/layout"
	"lastgood.dev/tests/e2e/internal/monitoring"
)

const alertsToken = "token-of-the-scenario"

var (
	prometheusRules = schema.GroupVersionResource{
		Group: "monitoring.coreos.com", Version: "v1", Resource: "prometheusrules",
	}
	customResources = schema.GroupVersionResource{
		Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions",
	}
	ruleKind sync.Once
)

// PrometheusRule creates a PrometheusRule; groups is YAML. It installs the kind if it is missing.
func (g *Given) PrometheusRule(name, groups string) *Given {
	g.T.Helper()
	ruleKind.Do(func() { g.installRuleKind() })
	g.applyRule(name, groups)
	return g
}

// PrometheusRule changes the PrometheusRule.
func (w *When) PrometheusRule(name, groups string) *When {
	w.T.Helper()
	w.applyRule(name, groups)
	return w
}

// PrometheusRuleDeleted deletes the PrometheusRule.
func (w *When) PrometheusRuleDeleted(name string) *When {
	w.T.Helper()
	w.must(w.Cluster.Dynamic.Resource(prometheusRules).Namespace(w.Namespace).
		Delete(context.Background(), name, metav1.DeleteOptions{}))
	return w
}

func (s *Scenario) applyRule(name, groups string) {
	s.T.Helper()
	var list []any
	s.must(yaml.Unmarshal([]byte(groups), &list))
	rule := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule",
		"metadata": map[string]any{"name": name}, "spec": map[string]any{"groups": list},
	}}
	_, err := s.Cluster.Dynamic.Resource(prometheusRules).Namespace(s.Namespace).
		Apply(context.Background(), name, rule,
			metav1.ApplyOptions{FieldManager: fieldManager, Force: true})
	s.must(err)
}

func (s *Scenario) installRuleKind() {
	s.T.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "prometheusrules.yaml"))
	s.must(err)
	kind := &unstructured.Unstructured{}
	s.must(yaml.Unmarshal(text, &kind.Object))
	kinds := s.Cluster.Dynamic.Resource(customResources)
	_, err = kinds.Apply(context.Background(), kind.GetName(), kind,
		metav1.ApplyOptions{FieldManager: fieldManager, Force: true})
	s.must(err)
	s.eventually("kind PrometheusRule", func(ctx context.Context) (bool, string) {
		_, err := s.Cluster.Dynamic.Resource(prometheusRules).List(ctx, metav1.ListOptions{Limit: 1})
		return err == nil, fmt.Sprint(err)
	})
}

// removeRuleKind removes the kind PrometheusRule, if a scenario has installed it.
func (c *Cluster) removeRuleKind() error {
	const name = "prometheusrules.monitoring.coreos.com"
	err := c.Dynamic.Resource(customResources).
		Delete(context.Background(), name, metav1.DeleteOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// ReceivesAlerts makes the scenario's own controller receive the alerts of an Alertmanager. The
// controller must not run yet.
func (g *Given) ReceivesAlerts() *monitoring.Alertmanager {
	g.T.Helper()
	listen, err := daemon.FreeAddress("127.0.0.1")
	g.must(err)
	file := filepath.Join(g.T.TempDir(), "token")
	g.must(os.WriteFile(file, []byte(alertsToken+"\n"), 0o600))
	g.Process.flags = append(g.Process.flags,
		"--alerts-listen", listen, "--alerts-token-file", file)
	server, err := monitoring.NewAlertmanager(layout.NodeAddress, g.T.TempDir(),
		"http://"+listen+"/alertmanager", alertsToken)
	g.must(err)
	g.T.Cleanup(func() {
		server.Kill()
		if g.T.Failed() {
			g.T.Logf("log of Alertmanager: %s", server.Log())
		}
	})
	g.must(server.Start())
	return server
}

// Door starts a proxy in front of a Prometheus. If a test closes the proxy, the Prometheus remains
// reachable at its own URL.
func (p *Prometheus) Door() *httptest.Server {
	p.scenario.T.Helper()
	target, err := url.Parse(p.URL())
	p.scenario.must(err)
	door := httptest.NewServer(httputil.NewSingleHostReverseProxy(target))
	p.scenario.T.Cleanup(door.Close)
	return door
}

// HasReceivedAlert waits until the guard has an alert of Alertmanager that fires.
func (t *Then) HasReceivedAlert(name, alert string) *Then {
	t.T.Helper()
	return t.receivedAlert(name, alert, "fires", func(a ReceivedAlert) bool { return a.EndsAt == "" })
}

// ReceivedAlertIsResolved waits until all alerts of this name of the guard are resolved.
func (t *Then) ReceivedAlertIsResolved(name, alert string) *Then {
	t.T.Helper()
	return t.receivedAlert(name, alert, "is resolved",
		func(a ReceivedAlert) bool { return a.EndsAt != "" })
}

func (t *Then) receivedAlert(name, alert, state string, is func(ReceivedAlert) bool) *Then {
	t.T.Helper()
	what := fmt.Sprintf("alert %s of %s %s", alert, name, state)
	t.eventually(what, func(ctx context.Context) (bool, string) {
		guard, _ := t.Guard(ctx, name)
		found := 0
		for _, got := range guard.Status.Alerts {
			if got.Name == alert && !is(got) {
				return false, guard.statusJSON()
			}
			if got.Name == alert {
				found++
			}
		}
		return found > 0, guard.statusJSON()
	})
	return t
}
