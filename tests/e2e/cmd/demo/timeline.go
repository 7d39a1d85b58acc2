package main

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

// timeline prints who did what and when, in seconds since the beginning.
type timeline struct {
	mu    sync.Mutex
	begin time.Time
	color bool
}

const (
	you        = "you"
	kubernetes = "kubernetes"
	lastgood   = "lastgood"
	visitor    = "visitor"
)

var colors = map[string]string{you: "\x1b[36m", kubernetes: "\x1b[34m", lastgood: "\x1b[32m", visitor: "\x1b[35m"}

func newTimeline() *timeline {
	info, err := os.Stdout.Stat()
	terminal := err == nil && info.Mode()&os.ModeCharDevice != 0
	return &timeline{begin: time.Now(), color: terminal && os.Getenv("NO_COLOR") == ""}
}

func (t *timeline) tell(who, format string, args ...any) {
	t.tellAt(time.Now(), who, false, format, args...)
}

func (t *timeline) tellAt(when time.Time, who string, warning bool, format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := fmt.Sprintf(format, args...)
	name := fmt.Sprintf("%-11s", who)
	if t.color {
		name = colors[who] + name + "\x1b[0m"
		if warning {
			text = "\x1b[33m" + text + "\x1b[0m"
		}
	}
	fmt.Printf("%7.1f s  %s %s\n", when.Sub(t.begin).Seconds(), name, wrapped(text))
}

func (t *timeline) chapter(title string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.color {
		title = "\x1b[1m" + title + "\x1b[0m"
	}
	fmt.Printf("\n%s\n", title)
}

// wrapped breaks a long text under its own column.
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
