package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"lastgood.dev/tests/e2e/internal/audit"
)

const (
	lastgood = "system:serviceaccount:lastgood-system:lastgood"
	owner    = "admin"
)

var began = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// logged is a log of one Deployment shop/web, with a second between two lines.
type logged struct {
	lines []string
	skip  time.Duration
}

func (l *logged) add(user, verb, resource, name string, code int, request, response string,
) *logged {
	at := began.Add(time.Duration(len(l.lines))*time.Second + l.skip)
	l.lines = append(l.lines, fmt.Sprintf(`{"stage":"ResponseComplete","verb":%q,`+
		`"user":{"username":%q},"stageTimestamp":%q,"responseStatus":{"code":%d},`+
		`"requestURI":"/x","objectRef":{"apiGroup":%q,"resource":%q,"namespace":"shop",`+
		`"name":%q},"requestObject":%s,"responseObject":%s}`, verb, user, at.Format(time.RFC3339Nano),
		code, map[string]string{"deployments": "apps", "rollbacks": "lastgood.dev"}[resource],
		resource, name, request, response))
	return l
}

func (l *logged) deployment(release string) string {
	return fmt.Sprintf(`{"kind":"Deployment","metadata":{"uid":"1","resourceVersion":"%d"},`+
		`"spec":{"template":{"spec":{"containers":[{"env":[{"name":"VERSION","value":%q}]}]}}}}`,
		len(l.lines)+1, release)
}

func (l *logged) created(release string) *logged {
	return l.add(owner, "patch", "deployments", "web", 201, "{}", l.deployment(release))
}

func (l *logged) released(release string) *logged {
	return l.add(owner, "patch", "deployments", "web", 200, "{}", l.deployment(release))
}

func (l *logged) requested(user, rollback string) *logged {
	return l.add(user, "create", "rollbacks", "", 201,
		fmt.Sprintf(`{"metadata":{"name":%q}}`, rollback), "null")
}

func (l *logged) restored(rollback, release string) *logged {
	return l.add(lastgood, "patch", "deployments", "web", 200, fmt.Sprintf(
		`[{"op":"replace","path":"/spec/template","value":{}},{"op":"add","path":`+
			`"/metadata/annotations/lastgood.dev~1rolled-back-by","value":%q}]`, rollback),
		l.deployment(release))
}

func (l *logged) after(pause time.Duration) *logged {
	l.skip += pause
	return l
}

func (l *logged) verdict(t *testing.T) verdict {
	t.Helper()
	parsed, err := audit.Parse(strings.NewReader(strings.Join(l.lines, "\n") + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	o := newOracle(lastgood)
	o.add(parsed.Writes)
	return o.verdict(began.Add(time.Duration(len(l.lines))*time.Second + l.skip))
}

func TestBadReleasesThatWereRolledBackOrSupersededKeepTheInvariants(t *testing.T) {
	log := new(logged).created("good-1").released("bad-crash-2").requested(lastgood, "web-2").
		restored("web-2", "good-1").released("good-3").released("bad-image-4").released("good-5").
		requested(owner, "by-user").restored("by-user", "good-3").after(time.Hour)
	got := log.verdict(t)
	if len(got.broken) != 0 || got.Good != 3 || got.Bad != 2 || got.RolledBack != 1 ||
		got.Superseded != 1 || got.Manual != 1 || len(got.running) != 0 {
		t.Errorf("got %+v", got)
	}
	deleted := new(logged).created("good-1").released("bad-crash-2").
		add(owner, "delete", "deployments", "web", 200, "{}", "{}").after(time.Hour).verdict(t)
	if len(deleted.broken) != 0 || deleted.Superseded != 1 {
		t.Errorf("got %+v", deleted)
	}
}

func TestEachWrongWriteBreaksAnInvariant(t *testing.T) {
	for what, log := range map[string]*logged{
		"good release good-2 was rolled back": new(logged).created("good-1").released("good-2").
			requested(lastgood, "web-2").restored("web-2", "good-1"),
		"was not rolled back": new(logged).created("good-1").released("bad-crash-2").
			after(4 * time.Minute),
		"ran for longer": new(logged).created("good-1").released("bad-crash-2").
			after(4 * time.Minute).released("good-3"),
		"was not created": new(logged).created("good-1").released("bad-crash-2").
			restored("web-2", "good-1"),
		"created after the patch": new(logged).created("good-1").released("bad-crash-2").
			restored("web-2", "good-1").requested(lastgood, "web-2"),
		"changed a template 2 times": new(logged).created("good-1").released("bad-crash-2").
			requested(lastgood, "web-2").restored("web-2", "good-1").released("bad-crash-3").
			restored("web-2", "good-1"),
		"restored, which is not good": new(logged).created("bad-crash-1").released("bad-crash-2").
			requested(lastgood, "web-2").restored("web-2", "bad-crash-1"),
		"older than the release": new(logged).created("good-1").released("bad-crash-2").
			requested(lastgood, "web-2").released("bad-image-3").restored("web-2", "good-1"),
		"without a Rollback": new(logged).created("good-1").add(lastgood, "patch", "deployments",
			"web", 200, "{}", (&logged{lines: make([]string, 1)}).deployment("good-0")),
		"after the creation": new(logged).released("good-1"),
	} {
		got := log.verdict(t)
		if !strings.Contains(strings.Join(got.broken, "\n"), what) {
			t.Errorf("%s: got %q", what, got.broken)
		}
	}
}

func TestSlopeIsTheGrowthInAnHour(t *testing.T) {
	var measurements []measurement
	for minute := range 61 {
		m := measurement{at: began.Add(time.Duration(minute) * time.Minute)}
		m.Now = 20_000_000 + int64(minute)*50_000
		if minute < 10 {
			m.Now = 0
		}
		measurements = append(measurements, m)
	}
	got, known := slopeOf(afterWarmUp(measurements),
		func(m measurement) float64 { return megabytes(m.Now) })
	if !known || got.PerHour < 2.999 || got.PerHour > 3.001 || got.Error > 0.001 ||
		got.Count != 51 {
		t.Errorf("got %+v, %v", got, known)
	}
	if _, known := slopeOf(measurements[:2], func(measurement) float64 { return 0 }); known {
		t.Error("two measurements have a slope")
	}
}
