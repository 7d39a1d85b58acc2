package main

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestHealthAtDependsOnTheTimeSinceTheStart(t *testing.T) {
	type knobs = map[string]string
	type seconds = map[int]string
	for name, row := range map[string]struct {
		knobs knobs
		want  seconds
	}{
		"healthy by default":     {nil, seconds{0: "ok", 3600: "ok"}},
		"failing from the start": {knobs{"HEALTH": "fail"}, seconds{0: "fail", 3600: "fail"}},
		"a status code":          {knobs{"HEALTH": "429"}, seconds{0: "429"}},
		"failing, then healthy": {knobs{"HEALTH_AFTER": "5"},
			seconds{0: "fail", 4: "fail", 5: "ok"}},
		"failing after a time": {knobs{"HEALTH_FAIL_AFTER": "5"},
			seconds{0: "ok", 4: "ok", 5: "fail"}},
		"failing after 0 seconds": {knobs{"HEALTH_FAIL_AFTER": "0"}, seconds{0: "fail"}},
		"failing, healthy, failing": {knobs{"HEALTH_AFTER": "2", "HEALTH_FAIL_AFTER": "4.5"},
			seconds{1: "fail", 3: "ok", 5: "fail"}},
		"failing, then hanging": {knobs{"HEALTH": "hang", "HEALTH_AFTER": "2"},
			seconds{1: "fail", 3: "hang"}},
	} {
		t.Run(name, func(t *testing.T) {
			lookup := func(name string) (string, bool) {
				value, set := row.knobs[name]
				return value, set
			}
			knobs, err := FromEnvironment(lookup)
			if err != nil {
				t.Fatal(err)
			}
			for after, want := range row.want {
				if got := knobs.HealthAt(time.Duration(after) * time.Second); got != want {
					t.Errorf("after %d s: got %s, want %s", after, got, want)
				}
			}
		})
	}
}

func TestSetRejectsAnInvalidValue(t *testing.T) {
	for name, row := range map[string]struct{ knob, value, wantError string }{
		"unknown knob":        {"HELTH", "ok", "unknown knob"},
		"unknown value":       {"HEALTH", "bad", "refuse, hang"},
		"not a status code":   {"HEALTH", "700", "from 200 to 599"},
		"seconds in words":    {"HEALTH_DELAY", "soon", "number of seconds"},
		"seconds with a unit": {"CRASH_AFTER", "5s", "number of seconds"},
		"negative seconds":    {"HEALTH_AFTER", "-1", "number of seconds"},
		"not a number":        {"HEALTH_DELAY", "NaN", "number of seconds"},
		"latency with a unit": {"LATENCY", "200ms", "number of seconds"},
		"ratio above one":     {"ERROR_RATIO", "2", "from 0 to 1"},
		"ratio not a number":  {"ERROR_RATIO", "NaN", "from 0 to 1"},
		"not ok or fail":      {"READY", "maybe", "not ok or fail"},
		"not a URL":           {"DEPENDENCY", "shared:8080", "begins with http://"},
		"negative requests":   {"HEALTH_FAIL_NEXT", "-1", "number of requests"},
		"health ratio":        {"HEALTH_FAIL_RATIO", "1.5", "from 0 to 1"},
		"not a URL to probe":  {"ONCE", "shared:8080", "begins with http://"},
		"not a boolean":       {"OOM", "perhaps", "OOM"},
	} {
		t.Run(name, func(t *testing.T) {
			knobs := DefaultKnobs()
			err := knobs.Set(row.knob, row.value)
			if err == nil || !strings.Contains(err.Error(), row.wantError) {
				t.Errorf("got error %v; want %q", err, row.wantError)
			}
		})
	}
}

func TestSetAllSetsNothingWhenOneValueIsInvalid(t *testing.T) {
	knobs := DefaultKnobs()
	if err := knobs.SetAll(url.Values{"HEALTH": {"fail"}, "ERROR_RATIO": {"x"}}); err == nil {
		t.Fatal("an invalid value was accepted")
	}
	if knobs.Health != "ok" {
		t.Errorf("HEALTH became %s", knobs.Health)
	}
}
