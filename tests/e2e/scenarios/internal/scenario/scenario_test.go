package scenario

import (
	"encoding/json"
	"testing"
)

func TestSentenceMakesATestNameReadable(t *testing.T) {
	for name, want := range map[string]string{
		"TestOptOutWins/a_crash_loop":               "Opt out wins: a crash loop",
		"TestHoldsWithoutALastGoodRevision":         "Holds without a last good revision",
		"TestRollsBackWhenHealthCheckFails":         "Rolls back when health check fails",
		"TestMissesNothingWhenTheAPIServerRestarts": "Misses nothing when the API server restarts",
		"TestX/a_missing_ConfigMap/patch_rollbacks": "X: a missing ConfigMap: patch rollbacks",
	} {
		if got := sentence(name); got != want {
			t.Errorf("%q is read as %q; want %q", name, got, want)
		}
	}
}

func TestSumOfAddsTheSeriesOfAMetric(t *testing.T) {
	const page = "# TYPE a counter\na{outcome=\"Good\"} 2\na{outcome=\"Bad\"} 3\nab 7\n"
	all, good := sumOf(page, "a"), sumOf(page, "a", `outcome="Good"`)
	if all != 5 || good != 2 {
		t.Errorf("all %g, good %g; want 5 and 2", all, good)
	}
}

func TestMentionsFindsWholeWordsInAnyCase(t *testing.T) {
	const message = `Revision 12 of "web" sets lastgood.dev/group-order to 5; limit 10%.`
	for word, want := range map[string]bool{
		"revision 12":              true,
		`"web"`:                    true,
		"lastgood.dev/group-order": true,
		"5":                        true,
		"10%":                      true,
		"revision 1":               false,
		"lastgood.dev/group":       false,
		"10":                       true, // "%" is not part of a word
		"0%":                       false,
		"limits":                   false,
	} {
		if got := mentions(message, []string{word}); got != want {
			t.Errorf("mentions %q: got %v, want %v", word, got, want)
		}
	}
	if mentions(message, []string{"web", "absent"}) {
		t.Error("a message mentions a list of words although one is missing")
	}
}

func TestCountUnconfirmedCountsChangesToThatReason(t *testing.T) {
	status := func(state, reason string) json.RawMessage {
		return json.RawMessage(`[{"op":"test","path":"/metadata/uid","value":"1"},` +
			`{"op":"add","path":"/status","value":{"state":"` + state + `","reason":"` + reason +
			`"}}]`)
	}
	held, unconfirmed := status("Held", "SharedCause"), status("Held", "Unconfirmed")
	for _, row := range []struct {
		patches []json.RawMessage
		want    int
	}{
		{nil, 0},
		{[]json.RawMessage{status("Evaluating", "Baking"), held, held}, 0},
		{[]json.RawMessage{held, unconfirmed, held}, 1},
		{[]json.RawMessage{held, unconfirmed, unconfirmed, held, unconfirmed}, 2},
		{[]json.RawMessage{unconfirmed, json.RawMessage(`{"metadata":{}}`), unconfirmed}, 1},
	} {
		if got := countUnconfirmed(row.patches); got != row.want {
			t.Errorf("%s: got %d, want %d", row.patches, got, row.want)
		}
	}
}
