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

// rollbackHeld is the reason of the Event of a hold.
const rollbackHeld = "RollbackHeld"

// expectedEvent is an Event that must occur exactly once. isExpected has the only exception.
type expectedEvent struct {
	// name is the name of the Deployment.
	name, reason string
	words        []string
}

// HasEvent waits until exactly one Event on a Deployment has this reason and a note that mentions
// the words. The same must be true at the end of the scenario. An Event RollbackHeld may occur once
// more for each time in which the breach was not confirmed.
func (t *Then) HasEvent(name, reason string, words ...string) *Then {
	t.T.Helper()
	expected := expectedEvent{name, reason, words}
	t.expectedEvents = append(t.expectedEvents, expected)
	what := fmt.Sprintf("one Event %s on %s that mentions %q", reason, name, words)
	t.eventually(what, func(ctx context.Context) (bool, string) {
		times, notes := t.occurrences(ctx, expected)
		return t.isExpected(expected, times), fmt.Sprintf("%d times, among %q", times, notes)
	})
	return t
}

// occurrences returns how often an Event occurred, and the notes of all Events with its reason.
func (s *Scenario) occurrences(ctx context.Context, expected expectedEvent) (int, []string) {
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
		if event.Series != nil {
			times += int(event.Series.Count)
		} else {
			times++
		}
	}
	return times, notes
}

// isExpected reports whether an Event may occur this number of times. If a probe is late while a
// rollback is held, the hold has the reason Unconfirmed until the next failure. Then it is reported
// again.
func (s *Scenario) isExpected(expected expectedEvent, times int) bool {
	s.T.Helper()
	if times > 1 && expected.reason == rollbackHeld {
		return times <= 1+s.unconfirmedHolds(expected.name)
	}
	return times == 1
}

// expectEventsStillOccurOnce runs at the end of a scenario. An Event may have been repeated after
// HasEvent found it.
func (s *Scenario) expectEventsStillOccurOnce() {
	s.T.Helper()
	for _, expected := range s.expectedEvents {
		times, notes := s.occurrences(context.Background(), expected)
		if !s.isExpected(expected, times) {
			s.T.Errorf("Event %s on %s that mentions %q must occur once, but at the end it "+
				"occurred %d times, among %q",
				expected.reason, expected.name, expected.words, times, notes)
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
