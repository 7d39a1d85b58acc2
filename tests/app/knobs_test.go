package main

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestHealthOverTime(t *testing.T) {
	for name, row := range map[string]struct {
		knobs map[string]string
		want  map[time.Duration]string
	}{
		"healthy by default":      {nil, map[time.Duration]string{0: "ok", time.Hour: "ok"}},
		"failing from the start":  {map[string]string{"HEALTH": "fail"}, map[time.Duration]string{0: "fail", time.Hour: "fail"}},
		"a status of one's own":   {map[string]string{"HEALTH": "429"}, map[time.Duration]string{0: "429"}},
		"slow to become healthy":  {map[string]string{"HEALTH_AFTER": "5"}, map[time.Duration]string{0: "fail", 4 * time.Second: "fail", 5 * time.Second: "ok"}},
		"turning bad":             {map[string]string{"HEALTH_FAIL_AFTER": "5"}, map[time.Duration]string{0: "ok", 4 * time.Second: "ok", 5 * time.Second: "fail"}},
		"bad at once":             {map[string]string{"HEALTH_FAIL_AFTER": "0"}, map[time.Duration]string{0: "fail"}},
		"healthy for a while":     {map[string]string{"HEALTH_AFTER": "2", "HEALTH_FAIL_AFTER": "4.5"}, map[time.Duration]string{time.Second: "fail", 3 * time.Second: "ok", 5 * time.Second: "fail"}},
		"a wrong way, after time": {map[string]string{"HEALTH": "hang", "HEALTH_AFTER": "2"}, map[time.Duration]string{time.Second: "fail", 3 * time.Second: "hang"}},
	} {
		t.Run(name, func(t *testing.T) {
			knobs, err := FromEnvironment(func(name string) (string, bool) { value, set := row.knobs[name]; return value, set })
			if err != nil {
				t.Fatal(err)
			}
			for after, want := range row.want {
				if got := knobs.HealthAt(after); got != want {
					t.Errorf("after %s: got %s, want %s", after, got, want)
				}
			}
		})
	}
}

func TestAKnobThatMakesNoSenseIsRefusedWithASentence(t *testing.T) {
	for name, row := range map[string]struct{ knob, value, says string }{
		"unknown knob":        {"HELTH", "ok", "there is no knob"},
		"unknown way":         {"HEALTH", "bad", "refuse, hang"},
		"no HTTP status":      {"HEALTH", "700", "from 200 to 599"},
		"seconds as a word":   {"HEALTH_DELAY", "soon", "number of seconds"},
		"seconds with a unit": {"CRASH_AFTER", "5s", "number of seconds"},
		"negative seconds":    {"HEALTH_AFTER", "-1", "number of seconds"},
		"not a number":        {"HEALTH_DELAY", "NaN", "number of seconds"},
		"ratio above one":     {"ERROR_RATIO", "2", "from 0 to 1"},
		"ratio not a number":  {"ERROR_RATIO", "NaN", "from 0 to 1"},
		"neither":             {"READY", "maybe", "neither ok nor fail"},
		"not a URL":           {"DEPENDENCY", "shared:8080", "begins with http://"},
		"not a truth":         {"OOM", "perhaps", "OOM"},
	} {
		t.Run(name, func(t *testing.T) {
			knobs := DefaultKnobs()
			if err := knobs.Set(row.knob, row.value); err == nil || !strings.Contains(err.Error(), row.says) {
				t.Errorf("got %v, want one that says %q", err, row.says)
			}
		})
	}
}

func TestSeveralKnobsAreTurnedAllOrNone(t *testing.T) {
	knobs := DefaultKnobs()
	if err := knobs.SetAll(url.Values{"HEALTH": {"fail"}, "ERROR_RATIO": {"x"}}); err == nil {
		t.Fatal("accepted")
	}
	if knobs.Health != "ok" {
		t.Errorf("HEALTH became %s", knobs.Health)
	}
}
