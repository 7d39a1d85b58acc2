package main

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestChartDrawsAValueInItsRowsAndTheLimitWhereNoneIs(t *testing.T) {
	c := chart{values: []float64{-1, 0, 0.025, 0.05, 0.1125, 0.2, 0.9}}
	got := c.lines("errors", 20, 24, false)
	want := []string{
		"errors: 90.0 %",
		"   25 %       █",
		"   20 %      ██",
		"   15 %     ▂██",
		"   10 %     ███",
		"    5 % ▔▔▄████▔▔▔▔▔",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestChartShowsTheNewestValuesIfThereAreTooMany(t *testing.T) {
	c := chart{}
	for range 500 {
		c.add(0)
	}
	c.add(0.05)
	lines := c.lines("errors", 30, 24, false)
	if last := lines[len(lines)-1]; !strings.HasSuffix(last, "▔█") {
		t.Errorf("got %q", last)
	}
}

func TestChartIsNeverWiderOrHigherThanTheTerminal(t *testing.T) {
	c := chart{values: slices.Repeat([]float64{0.2}, 300)}
	for width := range 150 {
		for _, height := range []int{1, chartRows + 1, 24} {
			lines := c.lines("error ratio of web", width, height, false)
			if len(lines) > max(1, height-1) {
				t.Errorf("%d lines in a terminal with %d", len(lines), height)
			}
			for _, line := range lines {
				if count := utf8.RuneCountInString(line); count > width {
					t.Errorf("%d columns in a terminal with %d: %q", count, width, line)
				}
			}
		}
	}
}

func TestChartHasColorOnlyIfItIsWanted(t *testing.T) {
	c := chart{values: []float64{0.2}}
	for _, color := range []bool{false, true} {
		text := strings.Join(c.lines("errors", 40, 24, color), "")
		if strings.Contains(text, "\x1b") != color {
			t.Errorf("color %v: got %q", color, text)
		}
	}
}

func TestBarHasAColumnForEachPercent(t *testing.T) {
	for value, want := range map[float64]string{
		-1: "", 0: "", 0.005: "▌", 0.03: "███", 0.9: strings.Repeat("█", 25),
	} {
		if got := bar(value); got != want {
			t.Errorf("bar of %g: got %q, want %q", value, got, want)
		}
	}
}
