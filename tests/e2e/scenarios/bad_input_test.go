// Bad input never acts and always says why: in a condition of the guard, and in one Event.
package scenarios

import (
	"testing"

	"lastgood.dev/tests/e2e/scenarios/internal/story"
)

type badInput struct {
	name string
	// What somebody does to the Deployment or beside it.
	key, value string
	configMap  map[string]string
	// What Lastgood says about it.
	reason string
	words  []string
}

const (
	policyKey    = "lastgood.dev/policy"
	configMapKey = "lastgood.dev/config-map"
)

func settings(url, threshold, interval string) map[string]string {
	return map[string]string{"health_check_url": url, "failure_threshold": threshold, "check_interval": interval}
}

func badInputs() []badInput {
	const url = "http://web:8080/health"
	return []badInput{
		{name: "missing-policy", key: policyKey, value: "wbe", reason: "PolicyNotFound", words: []string{`"wbe"`, `nearest that exists is "web"`}},
		{name: "missing-config-map", key: configMapKey, value: "gone", reason: "ConfigMapNotFound", words: []string{`"gone" does not exist`}},
		{name: "missing-key", configMap: map[string]string{"health_check_url": url, "failure_threshold": "3"}, reason: "ConfigMapInvalid", words: []string{"check_interval is missing"}},
		{name: "misspelt-key", configMap: map[string]string{"healthcheck_url": url, "failure_threshold": "3", "check_interval": "1s"}, reason: "ConfigMapInvalid", words: []string{`"healthcheck_url" is not a key`, "health_check_url"}},
		{name: "words-for-a-number", configMap: settings(url, "abc", "1s"), reason: "ConfigMapInvalid", words: []string{"failure_threshold", `"abc"`}},
		{name: "negative-number", configMap: settings(url, "-1", "1s"), reason: "ConfigMapInvalid", words: []string{"failure_threshold", `"-1"`}},
		{name: "interval-without-unit", configMap: settings(url, "1", "30"), reason: "ConfigMapInvalid", words: []string{"check_interval", `"30"`}},
		{name: "url-without-http", configMap: settings("web:8080/health", "1", "1s"), reason: "ConfigMapInvalid", words: []string{"health_check_url", "http://"}},
		{name: "unknown-key", key: "lastgood.dev/polcy", value: "web", reason: "InvalidAnnotation", words: []string{`"lastgood.dev/polcy"`, "nearest valid key is lastgood.dev/policy"}},
		{name: "unparsable-pause", key: "lastgood.dev/pause-until", value: "tomorrow", reason: "InvalidAnnotation", words: []string{"lastgood.dev/pause-until", `"tomorrow"`, "2026-11-24T18:00:00Z"}},
		{name: "unparsable-resume", key: "lastgood.dev/resume", value: "now", reason: "InvalidAnnotation", words: []string{"lastgood.dev/resume", `"now"`, "RFC 3339"}},
		{name: "approval-of-no-name", key: "lastgood.dev/approve", value: "yes, please", reason: "InvalidAnnotation", words: []string{"lastgood.dev/approve", `"yes, please"`, "cannot be the name of a Rollback"}},
		{name: "group-of-no-name", key: "lastgood.dev/group", value: "Check Out", reason: "InvalidAnnotation", words: []string{"lastgood.dev/group", `"Check Out"`}},
		{name: "order-in-words", key: "lastgood.dev/group-order", value: "first", reason: "InvalidAnnotation", words: []string{"lastgood.dev/group-order", `"first"`, "-1000 to 1000"}},
		{name: "order-without-group", key: "lastgood.dev/group-order", value: "1", reason: "InvalidAnnotation", words: []string{"says nothing without lastgood.dev/group"}},
		{name: "mark-on-deployment", key: "lastgood.dev/no-rollback-past", value: "true", reason: "InvalidAnnotation", words: []string{"belongs on the pod template"}},
		{name: "neither-true-nor-false", key: "lastgood.dev/enabled", value: "yes", reason: "InvalidAnnotation", words: []string{"lastgood.dev/enabled", `"yes"`}},
		{name: "two-policies", reason: "PolicyConflict", words: []string{"2 RollbackPolicies select", "one, other"}},
	}
}

// Each Deployment is presumed good under a policy until somebody makes a mistake. Then all get the same bad release, and a twin
// without a mistake gets it last: once the twin is back, there was the time to act on the others.
func TestBadInputNeverActsAndAlwaysSaysWhy(t *testing.T) {
	s := story.New(t)
	twin := story.NewApp("twin", "v1")
	all := []story.App{twin}
	for _, input := range badInputs() {
		app := twin.Named(input.name)
		if input.reason == "PolicyConflict" {
			app = app.Labelled("tier", "two")
		}
		all = append(all, app)
	}
	s.Given().Policy("web", quick).RanBefore("web", all...)
	s.When().Policy("one", selectsTwo).Policy("other", selectsTwo)
	for _, input := range badInputs() {
		makeTheMistake(s, input)
	}
	sayWhy(s)
	for _, app := range all[1:] {
		s.When().Shipped(app.As("v2").Env("HEALTH", "fail"))
	}
	s.When().Shipped(twin.As("v2").Env("HEALTH", "fail"))
	s.Then().IsPutBackAndVerified(twin)
	for _, input := range badInputs() {
		s.Then().NothingWasDoneTo(input.name).TemplateChangedBy(input.name, "person")
	}
	sayWhy(s)
}

const selectsTwo = "selector: {matchLabels: {tier: two}}" + quick

func makeTheMistake(s *story.Story, input badInput) {
	if input.key != "" {
		s.When().Annotated(input.name, input.key, input.value)
	}
	if input.configMap != nil {
		s.When().ConfigMap(input.name, input.configMap).Annotated(input.name, configMapKey, input.name)
	}
	// A policy that is named comes first, so the name has to go before the others can be wrong.
	if input.key == configMapKey || input.configMap != nil || input.reason == "PolicyConflict" {
		s.When().Annotated(input.name, policyKey, "")
	}
}

func sayWhy(s *story.Story) {
	s.T.Helper()
	for _, input := range badInputs() {
		s.Then().ConditionSays(input.name, "Governed", "False", input.reason, input.words...).
			ConditionSays(input.name, "Stalled", "True", input.reason).EventSays(input.name, input.reason, input.words...)
	}
}
