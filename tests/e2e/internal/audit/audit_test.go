package audit

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// The recorded log is the life of one Deployment on a real API server:
//
//	admin     creates it by server-side apply
//	admin     sets an environment variable                 the template changes
//	admin     scales it
//	admin     annotates it
//	admin     sets another variable, as a dry run
//	lastgood  patches it, with a failing test              422
//	lastgood  removes the variable                         the template changes
//	admin     deletes it and makes it again under its name
const recorded = "testdata/shop.log"

const lastgood = "system:serviceaccount:lastgood-system:lastgood"

func read(t *testing.T) *Log {
	t.Helper()
	log, err := Read(recorded)
	if err != nil {
		t.Fatal(err)
	}
	return log
}

func TestTheTemplateChangesOfADeploymentAreToldWithWhoMadeThem(t *testing.T) {
	changes, err := read(t).TemplateChanges("shop", "app")
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

func TestScalingAnnotatingAndDryRunsAreNoTemplateChanges(t *testing.T) {
	writes, err := read(t).TemplateWrites("shop", "app")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, write := range writes {
		got = append(got, fmt.Sprintf("%s created=%v changed=%v", write.Verb, write.Created, write.Changed))
	}
	want := []string{
		"patch created=true changed=false", "patch created=false changed=true", "patch created=false changed=false",
		"patch created=false changed=true", "create created=true changed=false",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestADeploymentMadeAgainUnderItsNameIsAnother(t *testing.T) {
	writes, err := read(t).TemplateWrites("shop", "app")
	if err != nil {
		t.Fatal(err)
	}
	if first, last := writes[0].UID, writes[len(writes)-1].UID; first == last || first == "" {
		t.Errorf("uids %q and %q", first, last)
	}
}

func TestTheWritesOfOneUserIncludeTheRefused(t *testing.T) {
	var got []string
	for _, write := range read(t).WritesBy(lastgood) {
		got = append(got, fmt.Sprintf("%s %s/%s %d %v", write.Verb, write.Resource, write.Object, write.Code, write.Succeeded()))
	}
	if want := []string{"patch deployments/app 422 false", "patch deployments/app 200 true"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestOnlyWhatHappenedSinceIsCounted(t *testing.T) {
	log := read(t)
	last := log.Writes[len(log.Writes)-1].Time
	for _, write := range log.Since(last).Writes {
		if write.Time.Before(last) {
			t.Errorf("%s is older than %s", write.Time, last)
		}
	}
	if len(log.Since(last).Writes) == 0 {
		t.Error("the write at that time itself is missing")
	}
}

func TestALineThatIsBeingWrittenIsLeftForTheNextReading(t *testing.T) {
	text, err := os.ReadFile(recorded)
	if err != nil {
		t.Fatal(err)
	}
	whole := len(read(t).Writes)
	log, err := Parse(strings.NewReader(string(text[:len(text)-20])))
	if err != nil || len(log.Writes) != whole-1 {
		t.Errorf("%d of %d writes, %v", len(log.Writes), whole, err)
	}
}

func TestWritesThatWereAnsweredOutOfOrderAreSortedAsTheStoreTookThem(t *testing.T) {
	log := read(t)
	slices.Reverse(log.Writes)
	changes, err := log.TemplateChanges("shop", "app")
	if err != nil || len(changes) != 2 || changes[1].User != lastgood {
		t.Errorf("%d changes, %v", len(changes), err)
	}
}

func TestALogThatCannotAnswerSaysSo(t *testing.T) {
	line := func(verb string, code int, response string) string {
		return fmt.Sprintf(`{"stage":"ResponseComplete","verb":%q,"objectRef":{"apiGroup":"apps","resource":"deployments","namespace":"n","name":"d"},`+
			`"responseStatus":{"code":%d},"responseObject":%s}`+"\n", verb, code, response)
	}
	whole := `{"kind":"Deployment","metadata":{"uid":"u","resourceVersion":"7"},"spec":{"template":{}}}`
	for name, row := range map[string]struct{ text, says string }{
		"no JSON":                         {"hello\n", "line 1 is not an audit event"},
		"a line without bound":            {strings.Repeat("x", maxLine+1), "longer than"},
		"an answer that was not recorded": {line("create", 201, "null"), "RequestResponse"},
		"a beginning that is missing":     {line("patch", 200, whole), "does not reach back"},
	} {
		t.Run(name, func(t *testing.T) {
			log, err := Parse(strings.NewReader(row.text))
			if err == nil {
				_, err = log.TemplateChanges("n", "d")
			}
			if err == nil || !strings.Contains(err.Error(), row.says) {
				t.Errorf("got %v, want one that says %q", err, row.says)
			}
		})
	}
}

func TestReadsAreNoWrites(t *testing.T) {
	text, err := json.Marshal(map[string]any{"stage": "ResponseComplete", "verb": "get"})
	if err != nil {
		t.Fatal(err)
	}
	if log, err := Parse(strings.NewReader(string(text) + "\n")); err != nil || len(log.Writes) != 0 {
		t.Errorf("%v, %v", log, err)
	}
}
