// Releases that are evaluated by alerts: of a PrometheusRule in the cluster, of a real Prometheus,
// and of a real Alertmanager. Their health endpoints always pass.
package scenarios

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"lastgood.dev/tests/e2e/internal/monitoring"
	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

// errorRule is a usual alert on the errors of all applications. A pod with 10 errors per second is
// far above the limit of 1.
const errorRule = `
- name: web
  rules:
  - alert: HighErrorRate
    expr: rate(http_requests_total{code=~"5.."}[5s]) > 1 # per second
    for: 2s
    labels: {severity: critical}
`

// ruleLifetime is how long the controller uses a PrometheusRule before it reads it again.
const ruleLifetime = 5 * time.Second

func alertPolicy(check string) string {
	return fmt.Sprintf(`
bakeTime: 20s
checks:
- name: errors
  interval: 1s
  failureThreshold: 2
%s
rollback: {verifyFor: 2s, cooldown: 0s}
`, check)
}

func rulePolicy(server *scenario.Prometheus) string {
	return alertPolicy(fmt.Sprintf(
		"  prometheusRule: {address: %q, name: web-rules, alert: HighErrorRate}", server.URL()))
}

// goodWithRule has a good revision v1 that gets requests, and a PrometheusRule.
func goodWithRule(t *testing.T) (*scenario.Scenario, *scenario.Prometheus, scenario.App) {
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1").Guarded("web").Edit(scenario.Replicas(2))
	server := s.Given().Prometheus()
	s.Given().PrometheusRule("web-rules", errorRule).Policy("web", rulePolicy(server)).Running(v1)
	s.When().LoadStarted("web", 50)
	s.Then().IsGood(v1).HasCondition("web", "ChecksEstablished", "True", "Passed")
	return s, server, v1
}

func TestSaysThatTheClusterHasNoPrometheusRules(t *testing.T) {
	s := scenario.NewWithOwnController(t)
	v1 := scenario.NewApp("web", "v1").Guarded("web")
	server := s.Given().Prometheus()
	s.Given().ControllerStarted().Policy("web", longBake(rulePolicy(server))).Running(v1)
	s.When().Applied(v1.As("v2"))
	s.Then().CheckIs("web", "errors", "Unknown", "RuleKindMissing").
		CheckMentions("web", "errors", "PrometheusRule", "CRDs").HasNoControllerWrites("web")
}

func TestRollsBackWhenTheAlertOfAPrometheusRuleIsTrue(t *testing.T) {
	s, _, v1 := goodWithRule(t)
	s.When().Applied(v1.As("v2").Env("ERROR_RATIO", "0.5"))
	s.Then().IsRestoredAndVerified(v1).CausedByCheck("web", "errors", "AlertFiring").
		HasEvent("web", "RolledBack", "errors", "HighErrorRate").
		TemplateChangedBy("web", "user", "lastgood")
}

func TestLeavesAReleaseAloneWhenOnlyAnotherApplicationHasErrors(t *testing.T) {
	s, server, v1 := goodWithRule(t)
	s.Given().Running(scenario.NewApp("cart", "v1").Env("ERROR_RATIO", "0.5"))
	s.When().LoadStarted("cart", 20)
	s.Then().QueryHasSeries(server, `rate(http_requests_total{code=~"5.."}[5s]) > 1`, 1)
	v2 := v1.As("v2")
	s.When().Applied(v2).Available("web")
	s.Then().IsGood(v2).HasNoControllerWrites("web")
}

// longBake keeps a release under evaluation while a check has no result.
func longBake(policy string) string { return bakingFor(policy, "5m") }

func TestSaysWhyTheAlertOfAPrometheusRuleIsNotEvaluated(t *testing.T) {
	s, server, v1 := goodWithRule(t)
	s.When().Policy("web", longBake(rulePolicy(server)))
	v2 := v1.As("v2")
	s.When().PrometheusRule("web-rules", strings.Replace(errorRule, "HighErrorRate", "HighErrors", 1)).
		Applied(v2).Available("web")
	s.Then().CheckIs("web", "errors", "Unknown", "AlertNotFound").
		CheckMentions("web", "errors", "HighErrors")
	// The errors begin only now. Before, the controller may still have used the old rule, which it
	// had read earlier.
	s.When().SetInPodsOfVersion(v2, "ERROR_RATIO=0.5")
	s.When().PrometheusRule("web-rules", strings.NewReplacer("alert:", "record:", "    for: 2s\n", "").
		Replace(errorRule))
	s.Then().CheckIs("web", "errors", "Unknown", "RecordingRule")
	s.When().PrometheusRuleDeleted("web-rules")
	s.Then().CheckIs("web", "errors", "Unknown", "RuleNotFound").
		StateIs("web", "Evaluating", "").HasNoControllerWrites("web")
	s.When().PrometheusRule("web-rules", errorRule)
	s.Then().IsRestored(v1).CausedByCheck("web", "errors", "AlertFiring")
}

func TestStartsAgainWhenTheExpressionChangesDuringARelease(t *testing.T) {
	s, server, v1 := goodWithRule(t)
	s.When().Policy("web", longBake(rulePolicy(server)))
	// The expression of the rule becomes true, but the alert needs this for an hour.
	v2 := v1.As("v2")
	s.When().PrometheusRule("web-rules", strings.Replace(errorRule, "for: 2s", "for: 1h", 1)).
		TimePassed(ruleLifetime).Applied(v2)
	s.Then().IsBaking("web").CheckIs("web", "errors", "Pass", "Passed")
	s.When().SetInPodsOfVersion(v2, "ERROR_RATIO=0.5")
	s.Then().CheckIs("web", "errors", "Fail", "AlertFiring").
		CheckMentions("web", "errors", "must be true for 1h")
	s.When().PrometheusRule("web-rules", strings.Replace(errorRule, "> 1 ", "> 1000 ", 1))
	s.Then().CheckIs("web", "errors", "Pass", "Passed").
		StateIs("web", "Evaluating", "").HasNoControllerWrites("web")
}

func serverPolicy(server *scenario.Prometheus, labels string) string {
	return alertPolicy(fmt.Sprintf(
		"  alert: {address: %q, name: HighErrorRate, matchLabels: {%s}}", server.URL(), labels))
}

// goodWithAlert has a good revision v1 that gets requests. Prometheus itself has the rule, and
// there is no PrometheusRule.
func goodWithAlert(t *testing.T, labels string) (*scenario.Scenario, *scenario.Prometheus,
	scenario.App) {
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1").Guarded("web").Edit(scenario.Replicas(2))
	server := s.Given().PrometheusWith(monitoring.Options{Rules: "groups:" + errorRule})
	s.Given().Policy("web", serverPolicy(server, labels)).Running(v1)
	s.When().LoadStarted("web", 50)
	s.Then().IsGood(v1).HasCondition("web", "ChecksEstablished", "True", "Passed")
	return s, server, v1
}

func TestRollsBackWhenAnAlertOfTheServerIsFiring(t *testing.T) {
	s, _, v1 := goodWithAlert(t, "severity: critical")
	s.When().Applied(v1.As("v2").Env("ERROR_RATIO", "0.5"))
	s.Then().IsRestoredAndVerified(v1).CausedByCheck("web", "errors", "AlertFiring")
}

func TestHoldsWhenAnAlertWasActiveBeforeTheRelease(t *testing.T) {
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1").Guarded("web").Edit(scenario.Replicas(2))
	// The window is longer than the time without scrapes of a new pod, so the alert stays active.
	rule := strings.NewReplacer("rate(", "sum by (namespace) (rate(", "[5s])", "[15s]))").
		Replace(errorRule)
	server := s.Given().PrometheusWith(monitoring.Options{Rules: "groups:" + rule})
	s.Given().Policy("web", serverPolicy(server, "namespace: "+s.Namespace)).Running(v1)
	s.When().LoadStarted("web", 50)
	s.Then().IsGood(v1).HasCondition("web", "ChecksEstablished", "True", "Passed")
	s.When().SetInRunningPods("web", "ERROR_RATIO=0.5")
	s.Then().QueryHasSeries(server, `ALERTS{alertstate="firing"}`, 1)
	s.When().Applied(v1.As("v2").Env("ERROR_RATIO", "0.5")).Available("web")
	s.Then().IsHeld("web", "AlreadyFailing", "errors").
		HasNoControllerWrites("web").HasRollbackObjects("web", 0)
}

func TestSaysThatTheServerHasNoSuchAlert(t *testing.T) {
	s, server, v1 := goodWithAlert(t, "severity: critical")
	s.When().Policy("web", longBake(serverPolicy(server, "severity: critical")))
	server.SetRules("groups: []")
	s.When().Applied(v1.As("v2").Env("ERROR_RATIO", "0.5")).Available("web")
	s.Then().CheckIs("web", "errors", "Unknown", "RuleNotLoaded")
	s.When().TimePassed(5 * time.Second)
	s.Then().StateIs("web", "Evaluating", "").HasNoControllerWrites("web")
}

func TestRollsBackWhenOnlyAlertmanagerSaysThatAnAlertIsFiring(t *testing.T) {
	s := scenario.NewWithOwnController(t)
	v1 := scenario.NewApp("web", "v1").Guarded("web").Edit(scenario.Replicas(2))
	alertmanager := s.Given().ReceivesAlerts()
	server := s.Given().PrometheusWith(monitoring.Options{
		Rules: "groups:" + errorRule, Alertmanager: alertmanager.Address})
	door := server.Door()
	policy := strings.Replace(serverPolicy(server, "severity: critical"), server.URL(), door.URL, 1)
	s.Given().ControllerStarted().Policy("web", policy).Running(v1)
	s.When().LoadStarted("web", 50)
	s.Then().IsGood(v1).HasCondition("web", "ChecksEstablished", "True", "Passed")
	s.When().Policy("web", longBake(policy))
	// From now on the controller cannot reach Prometheus. Prometheus reaches Alertmanager, and
	// Alertmanager reaches the controller.
	door.Close()
	s.When().Applied(v1.As("v2").Env("ERROR_RATIO", "0.5")).Available("web")
	s.Then().IsRestored(v1).CausedByCheck("web", "errors", "AlertFiring").
		HasEvent("web", "RolledBack", "Alertmanager", "HighErrorRate")
}

// Alertmanager resolves an alert also if Prometheus is dead, so a resolved alert is no recovery.
func TestDoesNotTrustAResolvedAlert(t *testing.T) {
	s := scenario.NewWithOwnController(t)
	v1 := scenario.NewApp("web", "v1").Guarded("web").Edit(scenario.Replicas(2))
	alertmanager := s.Given().ReceivesAlerts()
	server := s.Given().PrometheusWith(monitoring.Options{
		Rules: "groups:" + errorRule, Alertmanager: alertmanager.Address})
	// The controller cannot query Prometheus: nothing listens on port 9. Mode Observe keeps the bad
	// release.
	policy := "mode: Observe\n" + strings.Replace(longBake(
		serverPolicy(server, "severity: critical")), server.URL(), "http://127.0.0.1:9", 1)
	s.Given().ControllerStarted().Policy("web", policy).Running(v1)
	s.When().LoadStarted("web", 50)
	s.When().Applied(v1.As("v2").Env("ERROR_RATIO", "0.5")).Available("web")
	s.Then().HasReceivedAlert("web", "HighErrorRate").CheckIs("web", "errors", "Fail", "AlertFiring")
	// A restart loses nothing.
	s.Process.Kill()
	s.Process.Start()
	s.Then().MetricIsAtLeast("lastgood_measurements_total", 1, `check="alert"`, `result="Fail"`).
		CheckIs("web", "errors", "Fail", "AlertFiring")
	s.When().SetInRunningPods("web", "ERROR_RATIO=0")
	s.Then().ReceivedAlertIsResolved("web", "HighErrorRate").
		CheckIs("web", "errors", "Unknown", "AlertNotConfirmed")
}
