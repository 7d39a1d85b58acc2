package audit

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// The recorded log has the writes to one Deployment on a real API server:
//
//	admin     creates it by server-side apply
//	admin     sets an environment variable                 the template changes
//	admin     scales it
//	admin     annotates it
//	admin     sets another variable, as a dry run
//	lastgood  patches it, with a failing test operation    422
//	lastgood  removes the variable                         the template changes
//	admin     deletes it and creates it again with the same name
const recorded = "testdata/shop.log"

const lastgood = "system:serviceaccount:lastgood-system:lastgood"

func readRecorded(t *testing.T) *Log {
	t.Helper()
	log, err := Read(recorded)
	if err != nil {
		t.Fatal(err)
	}
	return log
}

func TestTemplateChangesHaveUserVerbCodeTimeAndUserAgent(t *testing.T) {
	changes, err := readRecorded(t).TemplateChanges("shop", "app")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, change := range changes {
		got = append(got, fmt.Sprintf("%s %s %d", change.User, change.Verb, change.Code))
		if change.Time.IsZero() || !strings.HasPrefix(change.UserAgent, "kubectl/") {
			t.Errorf("time %s, user agent %q", change.Time, change.UserAgent)
		}
	}
	if want := []string{"admin patch 200", lastgood + " patch 200"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestScaleAnnotationAndDryRunDoNotChangeTheTemplate(t *testing.T) {
	writes, err := readRecorded(t).TemplateWrites("shop", "app")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, write := range writes {
		text := fmt.Sprintf("%s created=%v changed=%v", write.Verb, write.Created, write.Changed)
		got = append(got, text)
	}
	want := []string{
		"patch created=true changed=false",
		"patch created=false changed=true",
		"patch created=false changed=false",
		"patch created=false changed=true",
		"create created=true changed=false",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestRecreatedDeploymentHasAnotherUID(t *testing.T) {
	writes, err := readRecorded(t).TemplateWrites("shop", "app")
	if err != nil {
		t.Fatal(err)
	}
	first, last := writes[0].UID, writes[len(writes)-1].UID
	if first == last || first == "" {
		t.Errorf("got UIDs %q and %q; want two", first, last)
	}
}

func TestWritesByIncludesRejectedWrites(t *testing.T) {
	var got []string
	for _, write := range readRecorded(t).WritesBy(lastgood) {
		got = append(got, fmt.Sprintf("%s %s/%s %d %v", write.Verb, write.Resource, write.Object,
			write.Code, write.Succeeded()))
	}
	want := []string{"patch deployments/app 422 false", "patch deployments/app 200 true"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestParseIgnoresAnIncompleteLastLine(t *testing.T) {
	text, err := os.ReadFile(recorded)
	if err != nil {
		t.Fatal(err)
	}
	all := len(readRecorded(t).Writes)
	log, err := Parse(strings.NewReader(string(text[:len(text)-20])))
	if err != nil || len(log.Writes) != all-1 {
		t.Errorf("got %d of %d writes, error %v", len(log.Writes), all, err)
	}
}

func TestTemplateChangesAreSortedByResourceVersion(t *testing.T) {
	log := readRecorded(t)
	slices.Reverse(log.Writes)
	changes, err := log.TemplateChanges("shop", "app")
	if err != nil || len(changes) != 2 || changes[1].User != lastgood {
		t.Errorf("got %d changes, error %v", len(changes), err)
	}
}

func TestTemplateChangesReturnsAnErrorForAnUnusableLog(t *testing.T) {
	line := func(verb string, code int, response string) string {
		const object = `{"apiGroup":"apps","resource":"deployments","namespace":"n","name":"d"}`
		return fmt.Sprintf(`{"stage":"ResponseComplete","verb":%q,"objectRef":%s,`+
			`"responseStatus":{"code":%d},"responseObject":%s}`+"\n", verb, object, code, response)
	}
	const response = `{"kind":"Deployment","metadata":{"uid":"u","resourceVersion":"7"},` +
		`"spec":{"template":{}}}`
	for name, row := range map[string]struct{ text, wantError string }{
		"invalid JSON":     {"hello\n", "line 1 is not an audit event"},
		"too long line":    {strings.Repeat("x", maxLineBytes+1), "longer than"},
		"missing response": {line("create", 201, "null"), "RequestResponse"},
		"missing creation": {line("patch", 200, response), "begins after the creation"},
	} {
		t.Run(name, func(t *testing.T) {
			log, err := Parse(strings.NewReader(row.text))
			if err == nil {
				_, err = log.TemplateChanges("n", "d")
			}
			if err == nil || !strings.Contains(err.Error(), row.wantError) {
				t.Errorf("got error %v; want %q", err, row.wantError)
			}
		})
	}
}

func TestParseIgnoresReads(t *testing.T) {
	text, err := json.Marshal(map[string]any{"stage": "ResponseComplete", "verb": "get"})
	if err != nil {
		t.Fatal(err)
	}
	log, err := Parse(strings.NewReader(string(text) + "\n"))
	if err != nil || len(log.Writes) != 0 {
		t.Errorf("got %v, error %v; want no writes", log, err)
	}
}
