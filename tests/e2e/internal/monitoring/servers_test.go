package monitoring

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// needServers skips a test if ./dev has not put the programs into the cache.
func needServers(t *testing.T) {
	t.Helper()
	for _, name := range []string{"prometheus", "prometheus-alertmanager"} {
		if _, err := os.Stat(Program(name)); err != nil {
			t.Skipf("needs ./dev cluster metrics-servers: %v", err)
		}
	}
}

// application serves a metrics page and returns its target with the label pod.
func application(t *testing.T) Target {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "errors 3")
	}))
	t.Cleanup(server.Close)
	return Target{strings.TrimPrefix(server.URL, "http://"), map[string]string{"pod": "web-1"}}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func startPrometheus(t *testing.T, options Options) *Prometheus {
	t.Helper()
	p, err := NewPrometheus("127.0.0.1", t.TempDir(), options)
	must(t, err)
	t.Cleanup(p.Kill)
	must(t, p.Start())
	return p
}

// await polls until a query of the server has this number of series.
func await(t *testing.T, p *Prometheus, query string, count int) []Series {
	t.Helper()
	const interval = 20 * time.Millisecond
	var got []Series
	var err error
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(interval) {
		if got, err = p.Query(query); err == nil && len(got) == count {
			return got
		}
	}
	t.Fatalf("%s: got %v, %v; want %d series; log: %s", query, got, err, count, p.Log())
	return nil
}

func TestPrometheusScrapesItsTargetsAndForgetsRemovedOnes(t *testing.T) {
	needServers(t)
	p := startPrometheus(t, Options{})
	must(t, p.SetTargets([]Target{application(t)}))
	got := await(t, p, "errors", 1)[0]
	if got.Value != 3 || got.Labels["pod"] != "web-1" || got.Labels["job"] != "pods" {
		t.Errorf("got %v", got)
	}
	must(t, p.SetTargets(nil))
	await(t, p, "errors", 0)
}

func TestPrometheusKeepsItsDataUnlessItIsRestartedEmpty(t *testing.T) {
	needServers(t)
	p := startPrometheus(t, Options{})
	must(t, p.SetTargets([]Target{application(t)}))
	await(t, p, "errors", 1)
	const history = "last_over_time(errors[1m])"
	must(t, p.Stop())
	// Without targets, all data is older than the restart.
	must(t, p.SetTargets(nil))
	must(t, p.Start())
	await(t, p, history, 1)
	must(t, p.RestartEmpty())
	await(t, p, history, 0)
}

func TestPrometheusReturnsItsOwnErrorForAnInvalidQuery(t *testing.T) {
	needServers(t)
	p := startPrometheus(t, Options{})
	_, err := p.Query("sum(rate(x[5m])")
	if err == nil || !strings.Contains(err.Error(), "unclosed left parenthesis") {
		t.Errorf("got %v", err)
	}
}

func TestRunningPrometheusUsesChangedRules(t *testing.T) {
	needServers(t)
	p := startPrometheus(t, Options{})
	rule := func(expression string) string {
		return "groups: [{name: a, rules: [{record: a:b, expr: '" + expression + "'}]}]"
	}
	must(t, p.SetRules(rule("vector(5)")))
	if got := await(t, p, "a:b", 1); got[0].Value != 5 {
		t.Errorf("got %v", got)
	}
	// The response is only "failed to reload config"; the log has the reason.
	if err := p.SetRules(rule("sum(")); err == nil || !strings.Contains(err.Error(), "reload") {
		t.Errorf("got %v", err)
	}
}

// An alert fires as soon as the target is scraped, and is resolved when the target is removed.
func TestAlertmanagerSendsFiringAndResolvedAlertsToTheWebhook(t *testing.T) {
	needServers(t)
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	const rules = `groups:
- name: test
  rules: [{alert: Errors, expr: errors > 2, labels: {severity: page}}]
`
	statuses := make(chan string, 100)
	webhook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var body struct {
			Version string `json:"version"`
			Alerts  []struct {
				Status string            `json:"status"`
				Labels map[string]string `json:"labels"`
			} `json:"alerts"`
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil || body.Version != "4" ||
			len(body.Alerts) != 1 || body.Alerts[0].Labels["pod"] != "web-1" ||
			r.Header.Get("Authorization") != "Bearer secret" {
			t.Errorf("got %v with %v, %v", body, r.Header, err)
			return
		}
		statuses <- body.Alerts[0].Status
	}))
	t.Cleanup(webhook.Close)
	alertmanager, err := NewAlertmanager("127.0.0.1", t.TempDir(), webhook.URL, "secret")
	must(t, err)
	t.Cleanup(alertmanager.Kill)
	must(t, alertmanager.Start())
	p := startPrometheus(t, Options{Rules: rules, Alertmanager: alertmanager.Address})
	must(t, p.SetTargets([]Target{application(t)}))
	awaitStatus(t, statuses, "firing")
	must(t, p.SetTargets(nil))
	awaitStatus(t, statuses, "resolved")
}

func awaitStatus(t *testing.T, statuses <-chan string, want string) {
	t.Helper()
	var got []string
	deadline := time.After(30 * time.Second)
	for !slices.Contains(got, want) {
		select {
		case status := <-statuses:
			got = append(got, status)
		case <-deadline:
			t.Fatalf("the webhook got %q, but not %s", got, want)
		}
	}
}
