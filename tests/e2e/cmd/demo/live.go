package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"
)

const (
	sampleInterval = time.Second
	// plainEach is how many samples one printed line stands for, if the output is no terminal.
	plainEach = 2
)

// live is the chart below the timeline. On a terminal, it is redrawn in place after each line of
// the timeline and each sample. Another output gets a line for every second sample, and the chart
// at the end of each part.
type live struct {
	title    string
	output   io.Writer
	terminal terminal
	chart    chart
	// drawn is the number of lines of the chart that are on the terminal.
	drawn int
}

// erase removes the chart from the terminal, so that text can be written at its place.
func (l *live) erase() {
	if l.drawn > 0 {
		fmt.Fprintf(l.output, "\x1b[%dA\r\x1b[J", l.drawn)
		l.drawn = 0
	}
}

func (l *live) draw() {
	if !l.terminal.isTerminal {
		return
	}
	columns, lines := l.terminal.size()
	// A line of the full width would wrap on some terminals.
	text := l.chart.lines(l.title, columns-1, lines, l.terminal.color)
	fmt.Fprintln(l.output, strings.Join(text, "\n"))
	l.drawn = len(text)
}

// ratio returns the error ratio now, and whether there is one.
type ratio func() (float64, bool)

// showRatio adds the chart to the timeline and samples the ratio until the context ends.
func (t *timeline) showRatio(ctx context.Context, title string, now ratio) {
	t.mu.Lock()
	t.live = &live{title: title, output: t.output, terminal: t.terminal}
	t.mu.Unlock()
	ticker := time.NewTicker(sampleInterval)
	defer ticker.Stop()
	for count := 0; ; count++ {
		select {
		case <-ctx.Done():
			t.endChart()
			return
		case <-ticker.C:
		}
		value, hasValue := now()
		if !hasValue {
			value = -1
		}
		t.addSample(value, count)
	}
}

func (t *timeline) addSample(value float64, count int) {
	t.mu.Lock()
	l := t.live
	l.chart.add(value)
	l.erase()
	l.draw()
	t.mu.Unlock()
	if !t.terminal.isTerminal && value >= 0 && count%plainEach == 0 {
		text := strings.TrimRight(fmt.Sprintf("%6s  %s", percent(value), bar(value)), " ")
		t.addText(time.Now(), metric, text)
	}
}

// endChart leaves the chart where it is. The next text is below it.
func (t *timeline) endChart() {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.live
	t.live = nil
	if !l.terminal.isTerminal {
		const columns, lines = 80, 24
		fmt.Fprintln(l.output)
		for _, line := range l.chart.lines(l.title, columns, lines, false) {
			fmt.Fprintln(l.output, line)
		}
	}
}
