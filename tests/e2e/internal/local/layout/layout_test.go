package layout

import (
	"strings"
	"testing"
)

func TestNewRejectsAnUnsuitableStateDirectory(t *testing.T) {
	for name, dir := range map[string]string{
		"relative":                  "state",
		"the root":                  "/",
		"the root by another name":  "/tmp/..",
		"too long for Unix sockets": "/" + strings.Repeat("x", 80),
	} {
		if _, err := New(dir); err == nil {
			t.Errorf("%s: %q was accepted", name, dir)
		}
	}
}

func TestNewAcceptsTheDefaultStateDirectory(t *testing.T) {
	if _, err := New(DefaultDir); err != nil {
		t.Fatal(err)
	}
}
