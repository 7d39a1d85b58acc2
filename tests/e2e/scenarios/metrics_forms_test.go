// The ready-made forms of queries, comparisons with the old pods, and missing data, with a real
// Prometheus that scrapes once a second. The health endpoints of the pods always pass.
package scenarios

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

const (
	errorRatioForm = `errorRatio: {metric: http_requests_total, window: 5s, minimumRequests: 20}`
	latencyForm    = `latency: {histogram: http_request_duration_seconds, quantile: 0.9,
      window: 5s, minimumRequests: 20}
    failIf: "> 0.25"`
	comparedWithOldPods = `errorRatio: {metric: http_requests_total, window: 5s, minimumRequests: 20}
    compareWith: Baseline
    ratioAbove: 2
    andAbove: 0.05`
)

// formPolicy has one check with the fields of a check prometheus, apart from the address.
func formPolicy(server *scenario.Prometheus, fields string) string {
	return fmt.Sprintf(`
bakeTime: 20s
checks:
- name: errors
  interval: 1s
  failureThreshold: 3
  prometheus:
    address: %s
    %s
rollback: {verifyFor: 2s, cooldown: 0s}
`, server.URL(), fields)
}

// goodWithForm has a good revision v1 that gets 50 requests per second.
func goodWithForm(t *testing.T, fields string) (*scenario.Scenario, *scenario.Prometheus,
	scenario.App) {
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1").Guarded("web").Edit(scenario.Replicas(2))
	server := s.Given().Prometheus()
	s.Given().Policy("web", formPolicy(server, fields)).Running(v1)
	s.When().LoadStarted("web", 50)
	s.Then().IsGood(v1).HasCondition("web", "ChecksEstablished", "True", "Passed")
	return s, server, v1
}

func TestRollsBackByTheFormErrorRatio(t *testing.T) {
	s, _, v1 := goodWithForm(t, errorRatioForm)
	s.When().Applied(v1.As("v2").Env("ERROR_RATIO", "0.3"))
	s.Then().IsRestoredAndVerified(v1).CausedByCheck("web", "errors", "LimitExceeded").
		HasEvent("web", "RolledBack", "errors", "> 0.05")
}

func TestRollsBackByTheFormLatency(t *testing.T) {
	s, _, v1 := goodWithForm(t, latencyForm)
	s.When().Applied(v1.As("v2").Env("LATENCY", "0.4"))
	s.Then().IsRestoredAndVerified(v1).CausedByCheck("web", "errors", "LimitExceeded").
		HasEvent("web", "RolledBack", "errors", "> 0.25")
}

func TestRollsBackWhenTheErrorRatioIsAMultipleOfTheOldPods(t *testing.T) {
	s, server, v1 := goodWithForm(t, comparedWithOldPods)
	s.When().SetInRunningPods("web", "ERROR_RATIO=0.1")
	s.Then().QueryIs(server, errorRatio, 0.1, 0.04)
	s.When().Applied(v1.As("v2").Env("ERROR_RATIO", "0.6"))
	s.Then().IsRestored(v1).CausedByCheck("web", "errors", "LimitExceeded").
		HasEvent("web", "RolledBack", "baseline", "times, fails if above 2 times")
}

func TestKeepsAReleaseThatIsAsBadAsTheOldPodsWhenItIsOnlyCompared(t *testing.T) {
	s, server, v1 := goodWithForm(t, comparedWithOldPods)
	s.When().SetInRunningPods("web", "ERROR_RATIO=0.3")
	s.Then().QueryIs(server, errorRatio, 0.3, 0.05)
	v2 := v1.As("v2").Env("ERROR_RATIO", "0.3")
	s.When().Applied(v2)
	s.Then().IsGood(v2).HasNoControllerWrites("web").HasRollbackObjects("web", 0)
}

func TestHoldsWithBothValuesWhenBothRevisionsFail(t *testing.T) {
	s, server, v1 := goodWithForm(t, errorRatioForm)
	s.When().Policy("web", bakingFor(formPolicy(server, errorRatioForm), "5m"))
	// The old pods stay until the new ones have been ready for a minute.
	v2 := v1.As("v2").Edit(scenario.Replicas(2)).Edit(scenario.MinReadySeconds(60))
	s.When().Applied(v2)
	// Until the evaluation begins, the check has the result of the previous revision.
	s.Then().StateIs("web", "Evaluating", "RollingOut").CheckIs("web", "errors", "Pass", "Passed")
	s.When().SetInRunningPods("web", "ERROR_RATIO=0.4")
	s.Then().IsHeld("web", "SharedCause", "errors", "Old revision", "New revision", "value 0.",
		"> 0.05").HasNoControllerWrites("web").HasRollbackObjects("web", 0)
}

// Every request fails, but there are only 5 of them in the window.
func TestDoesNothingForAFewFailedRequests(t *testing.T) {
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1").Guarded("web").Edit(scenario.Replicas(2))
	server := s.Given().Prometheus()
	s.Given().Policy("web", formPolicy(server, errorRatioForm)).Running(v1)
	load := s.When().LoadStarted("web", 50)
	s.Then().IsGood(v1).HasCondition("web", "ChecksEstablished", "True", "Passed")
	load.Stop()
	s.When().Policy("web", bakingFor(formPolicy(server, errorRatioForm), "5m"))
	s.When().Applied(v1.As("v2").Env("ERROR_RATIO", "1")).Available("web")
	s.When().LoadStarted("web", 1)
	s.Then().CheckIs("web", "errors", "Unknown", "LowTraffic").
		CheckMentions("web", "errors", "traffic", "minimum of 20")
	s.When().TimePassed(15 * time.Second)
	s.Then().StateIs("web", "Evaluating", "").HasNoControllerWrites("web").
		HasRollbackObjects("web", 0)
}

func TestWaitsWhilePrometheusIsDownInTheMiddleOfABreach(t *testing.T) {
	s, server, v1 := goodWithForm(t, errorRatioForm)
	policy := strings.Replace(bakingFor(formPolicy(server, errorRatioForm), "5m"),
		"failureThreshold: 3", "failureThreshold: 20", 1)
	s.When().Policy("web", policy)
	s.When().Applied(v1.As("v2").Env("ERROR_RATIO", "0.5")).Available("web")
	s.Then().CheckIs("web", "errors", "Fail", "LimitExceeded")
	server.Stop()
	s.Then().CheckIs("web", "errors", "Unknown", "ConnectionRefused")
	s.When().TimePassed(20 * time.Second)
	s.Then().HasNoControllerWrites("web").HasRollbackObjects("web", 0)
	server.Start()
	s.Then().IsRestored(v1).CausedByCheck("web", "errors", "LimitExceeded")
}

func TestIsInconclusiveWhenPrometheusIsDownForTheWholeRelease(t *testing.T) {
	s, server, v1 := goodWithForm(t, errorRatioForm)
	server.Stop()
	s.When().Applied(v1.As("v2").Env("ERROR_RATIO", "0.5"))
	s.Then().StateIs("web", "Idle", "Inconclusive").VerdictIs("web", "Inconclusive").
		HasNoControllerWrites("web").HasRollbackObjects("web", 0)
}

func TestFollowsPrometheusThatRestartsWithAnEmptyDatabase(t *testing.T) {
	s, server, v1 := goodWithForm(t, errorRatioForm)
	s.When().Policy("web", bakingFor(formPolicy(server, errorRatioForm), "1m"))
	v2 := v1.As("v2")
	s.When().Applied(v2)
	s.Then().IsBaking("web").CheckIs("web", "errors", "Pass", "Passed")
	server.RestartEmpty()
	s.Then().IsGood(v2).HasNoControllerWrites("web").HasRollbackObjects("web", 0)
}

func TestKeepsAGoodReleaseWhenPrometheusMissesScrapes(t *testing.T) {
	s, server, v1 := goodWithForm(t, errorRatioForm)
	s.When().Policy("web", bakingFor(formPolicy(server, errorRatioForm), "40s"))
	v2 := v1.As("v2")
	s.When().Applied(v2)
	s.Then().IsBaking("web").CheckIs("web", "errors", "Pass", "Passed")
	server.Pause()
	s.When().TimePassed(3 * time.Second)
	server.Continue()
	s.Then().IsGood(v2).HasNoControllerWrites("web").HasRollbackObjects("web", 0)
}

// The counters of the new pods begin at 0, and those of the old pods end.
func TestKeepsAGoodReleaseWhoseCountersAreReset(t *testing.T) {
	s, _, v1 := goodUnderLoad(t, errorsOfAllWithoutErrors)
	v2 := v1.As("v2")
	s.When().Applied(v2)
	s.Then().IsGood(v2).HasNoControllerWrites("web").HasRollbackObjects("web", 0)
}

const errorsOfAllWithoutErrors = `(sum(rate(http_requests_total{namespace="$namespace",` +
	`code=~"5.."}[5s])) or vector(0)) / sum(rate(http_requests_total{namespace="$namespace"}[5s]))`

func TestNamesAMetricThatDoesNotExist(t *testing.T) {
	s, server, v1 := goodWithForm(t, errorRatioForm)
	misspelt := strings.Replace(errorRatioForm, "http_requests_total", "http_request_total", 1)
	s.When().Policy("web", bakingFor(formPolicy(server, misspelt), "5m"))
	s.When().Applied(v1.As("v2").Env("ERROR_RATIO", "0.5")).Available("web")
	s.Then().CheckIs("web", "errors", "Unknown", "MetricNotFound").
		CheckMentions("web", "errors", "http_request_total")
	s.When().TimePassed(5 * time.Second)
	s.Then().StateIs("web", "Evaluating", "").HasNoControllerWrites("web").
		HasRollbackObjects("web", 0)
}

// Policies without a usable address, more than are validated at once, do not delay the others.
func TestReportsAnAddressThatIsMissingOrWrong(t *testing.T) {
	s := scenario.New(t)
	server := s.Given().Prometheus()
	good := formPolicy(server, `errorRatio: {metric: http_requests_total}`)
	address := "    address: " + server.URL() + "\n"
	for i := range 5 {
		s.When().Policy(fmt.Sprintf("without-%d", i), strings.Replace(good, address, "", 1))
	}
	s.When().Policy("path", strings.Replace(good, server.URL(), server.URL()+"/api/v1", 1)).
		Policy("web", good)
	for i := range 5 {
		s.Then().PolicyChecksAre(fmt.Sprintf("without-%d", i), "False", "InvalidCheck",
			"checks[errors].prometheus", "address")
	}
	s.Then().PolicyChecksAre("path", "False", "InvalidCheck", "/api/v1").
		HasPolicyEvent("path", "InvalidCheck", "/api/v1").
		PolicyChecksAre("web", "True", "Accepted")
}

func TestReportsAnInvalidQueryWhenThePolicyIsApplied(t *testing.T) {
	s := scenario.New(t)
	server := s.Given().Prometheus()
	query := func(text string) string {
		return formPolicy(server, fmt.Sprintf("query: %q\n    failIf: \"> 0.05\"", text))
	}
	s.When().Policy("web", query(`sum(rate(http_requests_total{pod=~"$pods"}[5s])`))
	s.Then().PolicyChecksAre("web", "False", "InvalidQuery", "checks[errors]", "400", "parse error").
		HasPolicyEvent("web", "InvalidCheck", "checks[errors]", "parse error")
	s.When().Policy("web", query(`sum(rate(http_requests_total{pod=~"$pods"}[5s]))`))
	s.Then().PolicyChecksAre("web", "True", "Accepted")
	server.Stop()
	s.When().Policy("web", query(`sum(rate(http_requests_total{pod=~"$pods"}[6s]))`))
	s.Then().PolicyChecksAre("web", "Unknown", "ConnectionRefused", "checks[errors]")
}
