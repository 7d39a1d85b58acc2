// Then: expectations about the Events on a Deployment.
package scenario

import (
	"context"
	"fmt"
	"slices"

	events "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const reportingController = "lastgood.dev/controller"

// expectedEvent is an Event that must occur exactly once.
type expectedEvent struct {
	// name is the name of the Deployment.
	name, reason string
	words        []string
}

// HasEvent waits until exactly one Event on a Deployment has this reason and a note that mentions
// the words. The same must be true at the end of the scenario.
func (t *Then) HasEvent(name, reason string, words ...string) *Then {
	t.T.Helper()
	expected := expectedEvent{name, reason, words}
	t.expectedEvents = append(t.expectedEvents, expected)
	what := fmt.Sprintf("one Event %s on %s that mentions %q", reason, name, words)
	t.eventually(what, func(ctx context.Context) (bool, string) {
		return t.occursOnce(ctx, expected)
	})
	return t
}

// occursOnce also returns the number of occurrences and the notes of all Events with the reason.
func (s *Scenario) occursOnce(ctx context.Context, expected expectedEvent) (bool, string) {
	var notes []string
	times := 0
	for _, event := range s.eventsOn(ctx, expected.name) {
		if event.Reason != expected.reason {
			continue
		}
		notes = append(notes, event.Note)
		if !mentions(event.Note, expected.words) {
			continue
		}
		times++
		if event.Series != nil {
			times += int(event.Series.Count)
		}
	}
	return times == 1, fmt.Sprintf("%d times, among %q", times, notes)
}

// expectEventsStillOccurOnce runs at the end of a scenario. An Event may have been repeated after
// HasEvent found it.
func (s *Scenario) expectEventsStillOccurOnce() {
	s.T.Helper()
	for _, expected := range s.expectedEvents {
		if once, seen := s.occursOnce(context.Background(), expected); !once {
			s.T.Errorf(
				"Event %s on %s that mentions %q must occur once, but at the end it occurred %s",
				expected.reason, expected.name, expected.words, seen)
		}
	}
}

// EventsAre waits until Lastgood's Events on a Deployment have these reasons, each Event once and
// in any order.
func (t *Then) EventsAre(name string, reasons ...string) *Then {
	t.T.Helper()
	slices.Sort(reasons)
	what := fmt.Sprintf("the Events on %s are %q", name, reasons)
	t.eventually(what, func(ctx context.Context) (bool, string) {
		var got []string
		for _, event := range t.eventsOn(ctx, name) {
			reason := event.Reason
			if event.Series != nil {
				reason += fmt.Sprintf(" (%d times)", event.Series.Count)
			}
			got = append(got, reason)
		}
		slices.Sort(got)
		return slices.Equal(got, reasons), fmt.Sprintf("%q", got)
	})
	return t
}

func (s *Scenario) eventsOn(ctx context.Context, name string) []events.Event {
	list, err := s.Cluster.Typed.EventsV1().Events(s.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(list.Items, func(e events.Event) bool {
		return e.Regarding.Kind != "Deployment" || e.Regarding.Name != name ||
			e.ReportingController != reportingController
	})
}
