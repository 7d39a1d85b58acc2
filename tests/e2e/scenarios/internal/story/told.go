// Then: what Events tell of a Deployment, each fact once.
package story

import (
	"context"
	"fmt"
	"slices"

	events "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// A fact is what one Event tells.
type fact struct {
	name, reason string
	words        []string
}

// EventSays waits for one Event on a Deployment with that reason, whose note has all of the words; at the end of the story there
// must still be no second one.
func (t *Then) EventSays(name, reason string, words ...string) *Then {
	t.T.Helper()
	one := fact{name, reason, words}
	t.facts = append(t.facts, one)
	t.eventually(fmt.Sprintf("one Event %s on %s says %q", reason, name, words), func(ctx context.Context) (bool, string) {
		return t.isToldOnce(ctx, one)
	})
	return t
}

func (s *Story) isToldOnce(ctx context.Context, one fact) (bool, string) {
	var notes []string
	times := 0
	for _, event := range s.events(ctx, one.name) {
		if event.Reason != one.reason {
			continue
		}
		notes = append(notes, event.Note)
		if !containsAll(event.Note, one.words) {
			continue
		}
		times++
		if event.Series != nil {
			times += int(event.Series.Count)
		}
	}
	return times == 1, fmt.Sprintf("%d times, among %q", times, notes)
}

// holdsFactsToOnce is for the end: what was told once may have been told again since.
func (s *Story) holdsFactsToOnce() {
	s.T.Helper()
	for _, one := range s.facts {
		if once, is := s.isToldOnce(context.Background(), one); !once {
			s.T.Errorf("one Event %s on %s said %q, but at the end it was told %s", one.reason, one.name, one.words, is)
		}
	}
}

// FactsAre holds the reasons of all Events on a Deployment by Lastgood, each told once, whatever their order.
func (t *Then) FactsAre(name string, reasons ...string) *Then {
	t.T.Helper()
	slices.Sort(reasons)
	t.eventually(fmt.Sprintf("the Events on %s are %q", name, reasons), func(ctx context.Context) (bool, string) {
		var is []string
		for _, event := range t.events(ctx, name) {
			reason := event.Reason
			if event.Series != nil {
				reason += fmt.Sprintf(" (%d times)", event.Series.Count)
			}
			is = append(is, reason)
		}
		slices.Sort(is)
		return slices.Equal(is, reasons), fmt.Sprintf("%q", is)
	})
	return t
}

func (s *Story) events(ctx context.Context, name string) []events.Event {
	list, err := s.Cluster.Typed.EventsV1().Events(s.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(list.Items, func(e events.Event) bool {
		return e.Regarding.Kind != "Deployment" || e.Regarding.Name != name || e.ReportingController != "lastgood.dev/controller"
	})
}
