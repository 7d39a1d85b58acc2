// Given: a real Prometheus that scrapes the pods of the scenario, and Then: its answers to queries.
package scenario

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	core "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"lastgood.dev/tests/e2e/internal/local/layout"
	"lastgood.dev/tests/e2e/internal/monitoring"
)

// targetsInterval is the time after which Prometheus gets a changed list of pods.
const targetsInterval = 500 * time.Millisecond

// Prometheus is a server on the machine of the node. Pods and controllers outside the cluster reach
// it at the same URL. It scrapes port 8080 of every running pod of the scenario each second. The
// series have the labels namespace and pod.
type Prometheus struct {
	scenario *Scenario
	server   *monitoring.Prometheus
}

// Prometheus starts a Prometheus. It is killed at the end of the scenario.
func (g *Given) Prometheus() *Prometheus {
	g.T.Helper()
	return g.PrometheusWith(monitoring.Options{})
}

// PrometheusWith is Prometheus with rules, an Alertmanager or another program.
func (g *Given) PrometheusWith(options monitoring.Options) *Prometheus {
	g.T.Helper()
	server, err := monitoring.NewPrometheus(layout.NodeAddress, g.T.TempDir(), options)
	g.must(err)
	p := &Prometheus{g.Scenario, server}
	g.T.Cleanup(p.end)
	p.followPods()
	p.Start()
	return p
}

// end also ends a paused server.
func (p *Prometheus) end() {
	p.server.Kill()
	if p.scenario.T.Failed() {
		p.scenario.T.Logf("log of %s: %s", p.URL(), p.server.Log())
	}
}

// followPods gives the server the list of pods until the end of the scenario.
func (p *Prometheus) followPods() {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		timer := time.NewTicker(targetsInterval)
		defer timer.Stop()
		for ctx.Err() == nil {
			p.updateTargets(ctx)
			select {
			case <-timer.C:
			case <-ctx.Done():
			}
		}
	})
	p.scenario.T.Cleanup(func() {
		cancel()
		running.Wait()
	})
}

// updateTargets keeps the targets while the API server does not respond, as discovery does.
func (p *Prometheus) updateTargets(ctx context.Context) {
	pods, err := p.scenario.Cluster.Typed.CoreV1().Pods(p.scenario.Namespace).
		List(ctx, metav1.ListOptions{})
	if err != nil {
		return
	}
	if err := p.server.SetTargets(targetsOf(pods.Items)); err != nil {
		p.scenario.T.Errorf("cannot write the targets of Prometheus: %v", err)
	}
}

// targetsOf returns the running pods. They need not be ready: Prometheus scrapes unready pods too.
func targetsOf(pods []core.Pod) []monitoring.Target {
	var targets []monitoring.Target
	for _, pod := range pods {
		if pod.Status.Phase != core.PodRunning || pod.Status.PodIP == "" {
			continue
		}
		targets = append(targets, monitoring.Target{
			Address: fmt.Sprintf("%s:%d", pod.Status.PodIP, appPort),
			Labels:  map[string]string{"namespace": pod.Namespace, "pod": pod.Name},
		})
	}
	return targets
}

// URL is the address for a policy. It never changes.
func (p *Prometheus) URL() string { return p.server.URL() }

// Start starts the server again, with the data that it had.
func (p *Prometheus) Start() {
	p.scenario.T.Helper()
	p.scenario.must(p.server.Start())
}

// RestartEmpty restarts the server with an empty database.
func (p *Prometheus) RestartEmpty() {
	p.scenario.T.Helper()
	p.scenario.must(p.server.RestartEmpty())
}

// Stop sends SIGTERM and waits until the server has ended.
func (p *Prometheus) Stop() {
	p.scenario.T.Helper()
	p.scenario.must(p.server.Stop())
}

// Kill sends SIGKILL.
func (p *Prometheus) Kill() { p.server.Kill() }

// Pause makes the server hang: it accepts connections, but no request gets a response.
func (p *Prometheus) Pause() {
	p.scenario.T.Helper()
	p.scenario.must(p.server.Pause())
}

// Continue ends a pause.
func (p *Prometheus) Continue() {
	p.scenario.T.Helper()
	p.scenario.must(p.server.Continue())
}

// SetRules replaces the rules of the running server.
func (p *Prometheus) SetRules(rules string) {
	p.scenario.T.Helper()
	p.scenario.must(p.server.SetRules(rules))
}

// Query returns the result of an instant query, or the error of the server.
func (p *Prometheus) Query(expression string) ([]monitoring.Series, error) {
	return p.server.Query(expression)
}

// QueryIs waits until a query has one series whose value differs by at most the tolerance.
func (t *Then) QueryIs(p *Prometheus, query string, want, tolerance float64) *Then {
	t.T.Helper()
	return t.QueryIsWithin(timeout, p, query, want, tolerance)
}

// QueryIsWithin is QueryIs with a limit for the time that Prometheus needs.
func (t *Then) QueryIsWithin(limit time.Duration, p *Prometheus, query string,
	want, tolerance float64,
) *Then {
	t.T.Helper()
	what := fmt.Sprintf("%s is %g +- %g", query, want, tolerance)
	t.eventuallyWithin(limit, what, func(context.Context) (bool, string) {
		got, err := p.Query(query)
		if err != nil {
			return false, err.Error()
		}
		isNear := len(got) == 1 && math.Abs(got[0].Value-want) <= tolerance
		return isNear, fmt.Sprint(got)
	})
	return t
}

// QueryHasSeries waits until a query has this number of series.
func (t *Then) QueryHasSeries(p *Prometheus, query string, count int) *Then {
	t.T.Helper()
	what := fmt.Sprintf("%s has %d series", query, count)
	t.eventually(what, func(context.Context) (bool, string) {
		got, err := p.Query(query)
		return err == nil && len(got) == count, fmt.Sprint(got, err)
	})
	return t
}

// QueryFails expects that a query gets no response, or the response that it failed.
func (t *Then) QueryFails(p *Prometheus, query string) *Then {
	t.T.Helper()
	if got, err := p.Query(query); err == nil {
		t.T.Fatalf("%s got the response %v", query, got)
	}
	return t
}
