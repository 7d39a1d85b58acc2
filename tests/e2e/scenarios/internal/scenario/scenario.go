// Package scenario is the language of the end-to-end tests: Given, When, Then on a real cluster.
//
// Each scenario has its own namespace. The steps are in given.go, when*.go and then*.go. The
// package must not depend on a scenario. It takes the author of a write from the audit log only.
package scenario

import (
	"context"
	"encoding/json"
	"os"
	"testing"
	"time"

	core "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Scenario is one test in its own namespace.
type Scenario struct {
	T         *testing.T
	Cluster   *Cluster
	Namespace string
	// Process is the scenario's own controller. It is nil if the controller in the cluster is used.
	Process *Process
	// standby is the scenario's second controller, or nil.
	standby *Process

	// releases has the state of each Deployment while a version was good, by App.key.
	releases map[string]releaseState
	// expectedEvents are the Events that HasEvent has found. At the end, each must still have
	// occurred only once.
	expectedEvents []expectedEvent
}

// releaseState is what a clean undo restores on a Deployment.
type releaseState struct {
	template    json.RawMessage
	lastApplied string
	// owners has the fields of the template that each field manager owns.
	owners map[string]string
}

// New begins a scenario that runs in parallel with others, under the controller that the chart
// has installed. A test with several such scenarios must call t.Parallel itself, because it
// would otherwise delay the scenarios that stop a controller.
func New(t *testing.T) *Scenario {
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

// NewLong is New for a scenario that takes more than five minutes, because a rule of the controller
// takes so long. It runs only with LASTGOOD_TEST_LONG=1.
func NewLong(t *testing.T) *Scenario {
	t.Helper()
	if !IsLong() {
		t.Skip("takes more than five minutes; run it with LASTGOOD_TEST_LONG=1")
	}
	return New(t)
}

// OnlyLong skips the test unless LASTGOOD_TEST_LONG=1. For faults that only one scenario at a time
// can have, so that all of them together take many minutes.
func OnlyLong(t *testing.T) {
	t.Helper()
	if !IsLong() {
		t.Skip("runs alone for minutes; run it with LASTGOOD_TEST_LONG=1")
	}
}

// IsLong reports whether scenarios may repeat a fault more often, or make it last longer.
func IsLong() bool { return os.Getenv("LASTGOOD_TEST_LONG") != "" }

// NewWithOwnController begins a scenario with its own controller, which it may stop. The
// controller in the cluster does not run yet: Go starts parallel tests only after all other
// tests have ended.
func NewWithOwnController(t *testing.T) *Scenario {
	t.Helper()
	s := begin(t)
	s.Process = s.newProcess(nil)
	return s
}

// NewWithControllerFlags is NewWithOwnController with these flags. They replace the default flags,
// which switch off the breaker and the gate for a shared cause.
func NewWithControllerFlags(t *testing.T, flags ...string) *Scenario {
	t.Helper()
	s := NewWithOwnController(t)
	s.Process.flags = flags
	return s
}

// NewBehindProxy is NewWithOwnController, and every request of the controller passes a proxy.
func NewBehindProxy(t *testing.T) (*Scenario, *Proxy) {
	t.Helper()
	s := begin(t)
	proxy := s.newProxy()
	s.Process = s.newProcess(proxy)
	proxy.kill = s.Process.Kill
	return s, proxy
}

func begin(t *testing.T) *Scenario {
	t.Helper()
	// The first call of t.TempDir registers the removal of the test's folder. Cleanups run in
	// reverse order, so the folder is removed after s.end, which reads the controller's log.
	t.TempDir()
	s := &Scenario{T: t, Cluster: shared, releases: map[string]releaseState{}}
	namespace := &core.Namespace{ObjectMeta: metav1.ObjectMeta{
		GenerateName: "scenario-", Annotations: map[string]string{"scenario": t.Name()},
	}}
	namespaces := s.Cluster.Typed.CoreV1().Namespaces()
	made, err := namespaces.Create(context.Background(), namespace, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s.Namespace = made.Name
	started := time.Now()
	t.Cleanup(func() { s.end(started) })
	return s
}

func (s *Scenario) end(started time.Time) {
	if !s.T.Failed() {
		s.expectEventsStillOccurOnce()
	}
	if s.T.Failed() {
		s.logDiagnostics()
	}
	s.Cluster.expectDeletion(s.Namespace)
	namespaces := s.Cluster.Typed.CoreV1().Namespaces()
	err := namespaces.Delete(context.Background(), s.Namespace, metav1.DeleteOptions{})
	if err != nil {
		s.T.Errorf("cannot delete namespace %s: %v", s.Namespace, err)
	}
	results.add(s.T, time.Since(started))
}

type (
	// Given has the steps that set up the objects before the release.
	Given struct{ *Scenario }
	// When has the steps of users.
	When struct{ *Scenario }
	// Then has the expectations.
	Then struct{ *Scenario }
)

// Given returns the steps that set up the scenario.
func (s *Scenario) Given() *Given { return &Given{s} }

// When returns the steps of users.
func (s *Scenario) When() *When { return &When{s} }

// Then returns the expectations. Most of them wait until they come true.
func (s *Scenario) Then() *Then { return &Then{s} }

func (s *Scenario) must(err error) {
	s.T.Helper()
	if err != nil {
		s.T.Fatal(err)
	}
}

// readTail returns at most limit bytes from the end of a file, or the error as text.
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
