// A story: one namespace, one user's tale. Its chapters are Given (given.go), When (when.go) and Then (then.go).
package story

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	core "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Story is one scenario in its own namespace.
type Story struct {
	T         *testing.T
	Cluster   *Cluster
	Namespace string
	// Process is the scenario's own controller; nil where the one in the cluster looks after it.
	Process *Process

	releases map[string]snapshot
	facts    []fact
}

// What a release was on the Deployment while it was good: name/version -> template and the owners of its fields.
type snapshot struct {
	template    json.RawMessage
	lastApplied string
	owners      map[string]string
}

// New begins a story that runs beside others, looked after by the controller that the chart has installed. A test of several
// such stories must call t.Parallel itself, or they would hold up those that stop a controller.
func New(t *testing.T) *Story {
	t.Helper()
	t.Parallel()
	s := begin(t)
	if s.Cluster.install.outside != "" {
		s.Process = s.newProcess(nil)
		s.Process.Start()
		return s
	}
	if err := s.Cluster.runInCluster(); err != nil {
		t.Fatal(err)
	}
	return s
}

// Alone begins a story with a controller of its own, which the story may stop. The controller in the cluster does not run
// yet: Go starts the stories that run beside others only after all that do not have ended.
func Alone(t *testing.T) *Story {
	t.Helper()
	s := begin(t)
	s.Process = s.newProcess(nil)
	return s
}

// AloneWith is Alone, and its controller has those flags instead of the one that turns the breaker of the fleet off.
func AloneWith(t *testing.T, flags ...string) *Story {
	t.Helper()
	s := Alone(t)
	s.Process.flags = flags
	return s
}

// AloneBehindAProxy is Alone, and every request of its controller passes a proxy.
func AloneBehindAProxy(t *testing.T) (*Story, *Proxy) {
	t.Helper()
	s := begin(t)
	proxy := s.newProxy()
	s.Process = s.newProcess(proxy)
	proxy.kill = s.Process.Kill
	return s, proxy
}

func begin(t *testing.T) *Story {
	t.Helper()
	// Made first, and so removed last: what a controller said is read at the end.
	t.TempDir()
	s := &Story{T: t, Cluster: shared, releases: map[string]snapshot{}}
	namespace := &core.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "scenario-", Annotations: map[string]string{"scenario": t.Name()}}}
	made, err := s.Cluster.Typed.CoreV1().Namespaces().Create(context.Background(), namespace, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s.Namespace = made.Name
	started := time.Now()
	t.Cleanup(func() { s.end(started) })
	return s
}

func (s *Story) end(started time.Time) {
	if !s.T.Failed() {
		s.holdsFactsToOnce()
	}
	if s.T.Failed() {
		s.tellEverything()
	}
	s.Cluster.doom(s.Namespace)
	err := s.Cluster.Typed.CoreV1().Namespaces().Delete(context.Background(), s.Namespace, metav1.DeleteOptions{})
	if err != nil {
		s.T.Errorf("namespace %s could not be deleted: %v", s.Namespace, err)
	}
	results.add(s.T, time.Since(started))
}

// Given, When and Then are the chapters; each leads to the others.
type (
	// Given is what was there before.
	Given struct{ *Story }
	// When is what people do.
	When struct{ *Story }
	// Then is what is seen.
	Then struct{ *Story }
)

// Given begins with what is there.
func (s *Story) Given() *Given { return &Given{s} }

// When goes on with what somebody does.
func (s *Story) When() *When { return &When{s} }

// Then says what must be seen.
func (s *Story) Then() *Then { return &Then{s} }

// Results of all scenarios of this run.
var results tally

type tally struct {
	sync.Mutex
	passed, failed int
}

func (r *tally) add(t *testing.T, took time.Duration) {
	r.Lock()
	defer r.Unlock()
	word := "ok    "
	if t.Failed() {
		r.failed++
		word = "FAILED"
	} else {
		r.passed++
	}
	fmt.Printf("%s %5.1f s  %s\n", word, took.Seconds(), sentence(t.Name()))
}

func printSummary() {
	fmt.Printf("%d passed, %d failed\n", results.passed, results.failed)
}

// Counted lets a test that needs no namespace count as a scenario.
func Counted(t *testing.T) {
	started := time.Now()
	t.Cleanup(func() { results.add(t, time.Since(started)) })
}

// sentence makes "TestAnOptOutWins/a_missing_ConfigMap" readable: "An opt out wins: a missing ConfigMap".
func sentence(name string) string {
	test, row, _ := strings.Cut(strings.TrimPrefix(name, "Test"), "/")
	letters := []rune(test)
	var words strings.Builder
	for i, letter := range letters {
		lowerAt := func(at int) bool { return at < len(letters) && unicode.IsLower(letters[at]) }
		begins := i > 0 && unicode.IsUpper(letter) && (lowerAt(i-1) || lowerAt(i+1))
		if begins {
			words.WriteRune(' ')
		}
		// Abbreviations stay as they are; "A" is none.
		if begins && (lowerAt(i+1) || lowerAt(i+2)) {
			letter = unicode.ToLower(letter)
		}
		words.WriteRune(letter)
	}
	if row != "" {
		words.WriteString(": " + strings.NewReplacer("_", " ", "/", ": ").Replace(row))
	}
	return words.String()
}

func (s *Story) must(err error) {
	s.T.Helper()
	if err != nil {
		s.T.Fatal(err)
	}
}

func readTail(path string, limit int) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	if len(text) > limit {
		text = text[len(text)-limit:]
	}
	return string(text)
}
