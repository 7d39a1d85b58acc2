// The servers that the scenarios of metrics checks need: a real Prometheus and constant load. No
// check of Lastgood takes part.
package scenarios

import (
	"fmt"
	"testing"
	"time"

	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

const (
	// errorRatio is 0 without errors, and has no series for a Deployment without traffic.
	errorRatio = `(sum(rate(http_requests_total{code=~"5.."}[10s])) or vector(0)) / ` +
		`sum(rate(http_requests_total[10s]))`
	requestRate = `sum(rate(http_requests_total[10s]))`
	p90         = `histogram_quantile(0.9, ` +
		`sum by (le) (rate(http_request_duration_seconds_bucket[10s])))`
)

func TestPrometheusSeesTheErrorRatioOfTheLoad(t *testing.T) {
	const limit = 30 * time.Second
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1").Edit(scenario.Replicas(2))
	server := s.Given().Running(v1).Prometheus()
	s.When().LoadStarted("web", 50)
	s.Then().QueryIs(server, errorRatio, 0, 0).QueryIs(server, requestRate, 50, 5).
		QueryHasSeries(server, `http_requests_total{code="200",namespace="`+s.Namespace+
			`",pod=~"web-.*"}`, 2)
	s.When().SetInRunningPods("web", "ERROR_RATIO=0.2")
	s.Then().QueryIsWithin(limit, server, errorRatio, 0.2, 0.05)
	// All requests are in the bucket from 0.25 to 0.5 s, in which Prometheus interpolates.
	s.When().SetInRunningPods("web", "LATENCY=0.3")
	s.Then().QueryIsWithin(limit, server, p90, 0.475, 0.03)
}

func TestPrometheusFollowsTheReleasesOfADeployment(t *testing.T) {
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1")
	server := s.Given().Running(v1).Prometheus()
	load := s.When().LoadStarted("web", 50)
	s.Then().QueryIs(server, errorRatio, 0, 0)
	s.When().Applied(v1.As("v2").Env("ERROR_RATIO", "0.2")).Available("web")
	s.Then().QueryHasSeries(server, `up`, 1).QueryIs(server, errorRatio, 0.2, 0.05)
	load.Stop()
	s.Then().QueryIs(server, requestRate, 0, 0)
}

func TestPrometheusCanBePausedStoppedAndRestarted(t *testing.T) {
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1").Env("ERROR_RATIO", "0.2")
	server := s.Given().Running(v1).Prometheus()
	s.When().LoadStarted("web", 50)
	s.Then().QueryIs(server, errorRatio, 0.2, 0.05)
	server.Pause()
	s.Then().QueryFails(server, "1")
	server.Continue()
	s.Then().QueryIs(server, errorRatio, 0.2, 0.05)
	server.Stop()
	s.Then().QueryFails(server, "1")
	beforeStart := dataBefore(time.Now())
	server.Start()
	s.Then().QueryHasSeries(server, beforeStart, 1).QueryIs(server, errorRatio, 0.2, 0.05)
	server.Kill()
	s.Then().QueryFails(server, "1")
	beforeStart = dataBefore(time.Now())
	server.RestartEmpty()
	s.Then().QueryIs(server, errorRatio, 0.2, 0.05).QueryHasSeries(server, beforeStart, 0)
}

// dataBefore is a query with one series for each target with data that is older than this time.
func dataBefore(end time.Time) string {
	return fmt.Sprintf("min_over_time(timestamp(up)[5m:1s]) < %d", end.Unix())
}
