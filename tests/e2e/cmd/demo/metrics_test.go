package main

import (
	"testing"
	"time"
)

func TestErrorRatioIsThatOfTheResponsesBetweenTwoTimes(t *testing.T) {
	now := time.Now()
	for name, row := range map[string]struct {
		counts   []counted
		want     float64
		hasValue bool
	}{
		"no counts":  {nil, 0, false},
		"one count":  {[]counted{{now, 50, 10}}, 0, false},
		"no traffic": {[]counted{{now, 50, 10}, {now, 50, 10}}, 0, false},
		"no errors":  {[]counted{{now, 50, 10}, {now, 100, 10}}, 0, true},
		"errors":     {[]counted{{now, 50, 10}, {now, 75, 15}, {now, 100, 20}}, 0.2, true},
	} {
		t.Run(name, func(t *testing.T) {
			if got, hasValue := errorRatio(row.counts); got != row.want || hasValue != row.hasValue {
				t.Errorf("got %g %v", got, hasValue)
			}
		})
	}
}

func TestQueryIsShownInTheFirstEventOnly(t *testing.T) {
	d := &demo{}
	const failing = "Check errors: value 0.2; query: a / b (1 of 3 consecutive failures)"
	for _, row := range []struct{ note, want string }{
		{"without a query", "without a query"},
		{failing, failing},
		{failing, "Check errors: value 0.2 (1 of 3 consecutive failures)"},
		{"Rolled back: value 0.2; query: a / b", "Rolled back: value 0.2"},
	} {
		if got := d.withoutRepeatedQuery(row.note); got != row.want {
			t.Errorf("got %q, want %q", got, row.want)
		}
	}
}
