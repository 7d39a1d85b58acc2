// Given: a real Prometheus that scrapes the pods of the scenario, and Then: its answers to queries.
package scenario

import (
	"context"
	"fmt"
	"math"
	"time"

	"lastgood.dev/tests/e2e/internal/local/layout"
	"lastgood.dev/tests/e2e/internal/monitoring"
	"lastgood.dev/tests/e2e/internal/pods"
)

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
	g.T.Cleanup(pods.Follow(g.Cluster.Typed, g.Namespace, server, appPort, func(err error) {
		g.T.Error(err)
	}))
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
