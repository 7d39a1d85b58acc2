// Invalid input: the controller does nothing, and a condition and one Event give the reason.
package scenarios

import (
	"testing"

	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

// badInput is one mistake of a user and the reason that the controller must report.
type badInput struct {
	// name is the name of the Deployment.
	name string
	// key and value are an annotation of the Deployment, if key is not empty.
	key, value string
	// configMap is the data of a ConfigMap that the Deployment names, or nil.
	configMap map[string]string
	// reason is the reason of the condition and of the Event; words are in their messages.
	reason string
	words  []string
}

const (
	policyKey    = "lastgood.dev/policy"
	configMapKey = "lastgood.dev/config-map"
	healthURL    = "http://web:8080/health"
)

func configMapData(url, threshold, interval string) map[string]string {
	return map[string]string{
		"health_check_url": url, "failure_threshold": threshold, "check_interval": interval,
	}
}

func withoutKey(key string, data map[string]string) map[string]string {
	delete(data, key)
	return data
}

func badInputs() []badInput {
	all := append(badConfigMaps(), badAnnotations()...)
	return append(all,
		badInput{name: "missing-policy", key: policyKey, value: "wbe",
			reason: "PolicyNotFound", words: []string{`"wbe"`, `"web"`}},
		badInput{name: "missing-config-map", key: configMapKey, value: "gone",
			reason: "ConfigMapNotFound", words: []string{`"gone"`}},
		badInput{name: "two-policies",
			reason: "PolicyConflict", words: []string{"2", "one, other"}})
}

func badConfigMaps() []badInput {
	misspelt := withoutKey("health_check_url", configMapData("", "3", "1s"))
	misspelt["healthcheck_url"] = healthURL
	inputs := []badInput{
		{
			name:      "missing-key",
			configMap: withoutKey("check_interval", configMapData(healthURL, "3", "")),
			words:     []string{"check_interval"},
		},
		{name: "misspelt-key", configMap: misspelt,
			words: []string{`"healthcheck_url"`, "health_check_url"}},
		{name: "words-for-a-number", configMap: configMapData(healthURL, "abc", "1s"),
			words: []string{"failure_threshold", `"abc"`}},
		{name: "negative-number", configMap: configMapData(healthURL, "-1", "1s"),
			words: []string{"failure_threshold", `"-1"`}},
		{name: "interval-without-unit", configMap: configMapData(healthURL, "1", "30"),
			words: []string{"check_interval", `"30"`}},
		{name: "url-without-http", configMap: configMapData("web:8080/health", "1", "1s"),
			words: []string{"health_check_url", "http://"}},
	}
	for i := range inputs {
		inputs[i].reason = "ConfigMapInvalid"
	}
	return inputs
}

func badAnnotations() []badInput {
	var inputs []badInput
	for _, row := range []struct {
		name, key, value string
		words            []string
	}{
		{"unknown-key", "polcy", "web", []string{`"lastgood.dev/polcy"`, policyKey}},
		{"unparsable-pause", "pause-until", "tomorrow",
			[]string{"lastgood.dev/pause-until", `"tomorrow"`, "2026-11-24T18:00:00Z"}},
		{"unparsable-resume", "resume", "now",
			[]string{"lastgood.dev/resume", `"now"`, "RFC 3339"}},
		{"approval-with-invalid-name", "approve", "yes, please",
			[]string{"lastgood.dev/approve", `"yes, please"`, "Rollback"}},
		{"group-with-invalid-name", "group", "Check Out", []string{"lastgood.dev/group", `"Check Out"`}},
		{"order-in-words", "group-order", "first",
			[]string{"lastgood.dev/group-order", `"first"`, "-1000 to 1000"}},
		{"order-without-group", "group-order", "1",
			[]string{"lastgood.dev/group-order", "lastgood.dev/group"}},
		{"mark-on-deployment", "no-rollback-past", "true",
			[]string{"lastgood.dev/no-rollback-past", "pod template"}},
		{"neither-true-nor-false", "enabled", "yes", []string{"lastgood.dev/enabled", `"yes"`}},
	} {
		inputs = append(inputs, badInput{name: row.name, key: "lastgood.dev/" + row.key,
			value: row.value, reason: "InvalidAnnotation", words: row.words})
	}
	return inputs
}

// Each Deployment is presumed good under a policy before the mistake. Then all get the same bad
// release, a twin without a mistake last. After the rollback of the twin, the controller has had
// the time to act on the others.
func TestReportsTheReasonAndDoesNothingWhenInputIsInvalid(t *testing.T) {
	s := scenario.New(t)
	twin := scenario.NewApp("twin", "v1")
	all := []scenario.App{twin}
	for _, input := range badInputs() {
		app := twin.Named(input.name)
		if input.reason == "PolicyConflict" {
			app = app.Labelled("tier", "two")
		}
		all = append(all, app)
	}
	s.Given().Policy("web", quickPolicy).PresumedGoodUnder("web", all...)
	s.When().Policy("one", policyForTierTwo).Policy("other", policyForTierTwo)
	for _, input := range badInputs() {
		makeMistake(s, input)
	}
	expectReasons(s)
	const conflicting = "Deployment two-policies"
	s.Then().PolicyIsNotReady("one", "PolicyConflict", conflicting, "RollbackPolicy other").
		PolicyIsNotReady("other", "PolicyConflict", conflicting, "RollbackPolicy one").
		HasPolicyEvent("one", "PolicyConflict", "RollbackPolicy other")
	for _, app := range all[1:] {
		s.When().Applied(app.As("v2").Env("HEALTH", "fail"))
	}
	s.When().Applied(twin.As("v2").Env("HEALTH", "fail"))
	s.Then().IsRestoredAndVerified(twin)
	for _, input := range badInputs() {
		s.Then().HasNoControllerWrites(input.name).TemplateChangedBy(input.name, "user")
	}
	expectReasons(s)
}

const policyForTierTwo = "selector: {matchLabels: {tier: two}}" + quickPolicy

func makeMistake(s *scenario.Scenario, input badInput) {
	if input.key != "" {
		s.When().Annotated(input.name, input.key, input.value)
	}
	if input.configMap != nil {
		s.When().ConfigMap(input.name, input.configMap).
			Annotated(input.name, configMapKey, input.name)
	}
	// The annotation lastgood.dev/policy has priority over a ConfigMap and over a selector. It must
	// not hide the mistake.
	needsConfigMap := input.key == configMapKey || input.configMap != nil
	if needsConfigMap || input.reason == "PolicyConflict" {
		s.When().Annotated(input.name, policyKey, "")
	}
}

func expectReasons(s *scenario.Scenario) {
	s.T.Helper()
	for _, input := range badInputs() {
		s.Then().HasCondition(input.name, "Governed", "False", input.reason, input.words...).
			HasCondition(input.name, "Stalled", "True", input.reason).
			HasEvent(input.name, input.reason, input.words...)
	}
}
