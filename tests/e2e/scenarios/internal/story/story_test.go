package story

import "testing"

func TestTheNameOfATestIsReadAsASentence(t *testing.T) {
	for name, want := range map[string]string{
		"TestAnOptOutWins/a_crash_loop":             "An opt out wins: a crash loop",
		"TestWithoutALastGoodRevision":              "Without a last good revision",
		"TestARollbackIsTold":                       "A rollback is told",
		"TestNothingIsMissedWhenTheAPIServerIsAway": "Nothing is missed when the API server is away",
		"TestX/a_missing_ConfigMap/patch_rollbacks": "X: a missing ConfigMap: patch rollbacks",
	} {
		if is := sentence(name); is != want {
			t.Errorf("%q is read as %q; want %q", name, is, want)
		}
	}
}

func TestSeriesOfAMetricAreAddedUp(t *testing.T) {
	const page = "# TYPE a counter\na{outcome=\"Good\"} 2\na{outcome=\"Bad\"} 3\nab 7\n"
	if all, good := sumOf(page, "a"), sumOf(page, "a", `outcome="Good"`); all != 5 || good != 2 {
		t.Errorf("all %g, good %g", all, good)
	}
}
