package main

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

// timeline prints each action with its actor and the seconds since the start.
type timeline struct {
	mu    sync.Mutex
	start time.Time
	color bool
}

// The actors.
const (
	user     = "you"
	lastgood = "lastgood"
	visitor  = "visitor"
)

const (
	bold   = "\x1b[1m"
	yellow = "\x1b[33m"
	plain  = "\x1b[0m"
)

var colors = map[string]string{user: "\x1b[36m", lastgood: "\x1b[32m", visitor: "\x1b[35m"}

func newTimeline() *timeline {
	info, err := os.Stdout.Stat()
	isTerminal := err == nil && info.Mode()&os.ModeCharDevice != 0
	return &timeline{start: time.Now(), color: isTerminal && os.Getenv("NO_COLOR") == ""}
}

func (t *timeline) add(actor, format string, args ...any) {
	t.addAt(time.Now(), actor, false, format, args...)
}

func (t *timeline) addAt(when time.Time, actor string, isWarning bool, format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := fmt.Sprintf(format, args...)
	name := fmt.Sprintf("%-11s", actor)
	if t.color {
		name = colors[actor] + name + plain
		if isWarning {
			text = yellow + text + plain
		}
	}
	fmt.Printf("%7.1f s  %s %s\n", when.Sub(t.start).Seconds(), name, wrapped(text))
}

func (t *timeline) heading(title string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.color {
		title = bold + title + plain
	}
	fmt.Printf("\n%s\n", title)
}

// wrapped breaks a long text into lines. All lines except the first are indented to the column of
// the text.
func wrapped(text string) string {
	const width, indent = 96, 23
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
	return strings.Join(append(lines, line), "\n"+strings.Repeat(" ", indent))
}
