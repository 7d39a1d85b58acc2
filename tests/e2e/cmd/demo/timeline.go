package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
)

// timeline prints each action with its actor and the seconds since the start.
type timeline struct {
	mu       sync.Mutex
	start    time.Time
	output   io.Writer
	terminal terminal
	// live is the chart below the timeline, or nil.
	live *live
}

// The actors.
const (
	user     = "you"
	lastgood = "lastgood"
	visitor  = "visitor"
	metric   = "errors"
)

const (
	bold   = "\x1b[1m"
	red    = "\x1b[31m"
	green  = "\x1b[32m"
	yellow = "\x1b[33m"
	plain  = "\x1b[0m"
)

var colors = map[string]string{user: "\x1b[36m", lastgood: green, visitor: "\x1b[35m", metric: red}

// The width of the texts, and the column at which they begin.
const (
	textColumns    = 96
	minTextColumns = 20
	textIndent     = 23
)

func newTimeline() *timeline {
	return &timeline{start: time.Now(), output: os.Stdout, terminal: standardOutput()}
}

func (t *timeline) add(actor, format string, args ...any) {
	t.addAt(time.Now(), actor, false, format, args...)
}

func (t *timeline) addAt(when time.Time, actor string, isWarning bool, format string, args ...any) {
	text := wrapped(fmt.Sprintf(format, args...), t.textWidth())
	if isWarning && t.terminal.color {
		text = yellow + text + plain
	}
	t.addText(when, actor, text)
}

// addText adds text that is not wrapped.
func (t *timeline) addText(when time.Time, actor, text string) {
	name := fmt.Sprintf("%-11s", actor)
	if t.terminal.color {
		name = colors[actor] + name + plain
	}
	t.print(fmt.Sprintf("%7.1f s  %s %s\n", when.Sub(t.start).Seconds(), name, text))
}

func (t *timeline) heading(title string) {
	if t.terminal.color {
		title = bold + title + plain
	}
	t.print("\n" + title + "\n")
}

// print writes text above the chart.
func (t *timeline) print(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.live == nil {
		fmt.Fprint(t.output, text)
		return
	}
	t.live.erase()
	fmt.Fprint(t.output, text)
	t.live.draw()
}

func (t *timeline) textWidth() int {
	if !t.terminal.isTerminal {
		return textColumns
	}
	columns, _ := t.terminal.size()
	return max(minTextColumns, min(textColumns, columns-1-textIndent))
}

// wrapped breaks a long text into lines. All lines except the first are indented to the column of
// the text.
func wrapped(text string, width int) string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return strings.Join(append(lines, line), "\n"+strings.Repeat(" ", textIndent))
}
