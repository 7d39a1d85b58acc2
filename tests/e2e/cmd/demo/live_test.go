package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// withChart returns a timeline with a chart that has one value.
func withChart(isTerminal bool) (*timeline, *bytes.Buffer) {
	output := &bytes.Buffer{}
	to := terminal{isTerminal: isTerminal}
	t := &timeline{start: time.Now(), output: output, terminal: to,
		live: &live{title: "errors", output: output, terminal: to}}
	t.addSample(0.2, 0)
	return t, output
}

func TestTextOnATerminalReplacesTheChartAndTheChartFollows(t *testing.T) {
	line, output := withChart(true)
	drawn := line.live.drawn
	output.Reset()
	line.add(user, "hello")
	if want := "\x1b[6A\r\x1b[J"; drawn != 6 || !strings.HasPrefix(output.String(), want) {
		t.Errorf("%d lines drawn, got %q", drawn, output)
	}
	text := output.String()
	if strings.Index(text, "hello") > strings.Index(text, "errors: 20.0 %") {
		t.Errorf("got %q", text)
	}
	line.endChart()
	output.Reset()
	line.add(user, "below")
	if strings.Contains(output.String(), "\x1b") {
		t.Errorf("text after the chart erases it: %q", output)
	}
}

func TestOutputThatIsNoTerminalHasNoControlCharacters(t *testing.T) {
	line, output := withChart(false)
	line.add(user, "hello")
	line.addSample(-1, plainEach)
	line.endChart()
	if text := output.String(); strings.Contains(text, "\x1b") || strings.Contains(text, "\r") ||
		!strings.Contains(text, "20.0 %  ████") || !strings.Contains(text, "    5 % █") {
		t.Errorf("got %q", text)
	}
}
