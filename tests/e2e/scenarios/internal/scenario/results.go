// Prints the result of each scenario in one line, and the number of results at the end.
package scenario

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"
)

// results counts the scenarios of this run.
var results tally

type tally struct {
	sync.Mutex
	passed, failed int
}

func (r *tally) add(t *testing.T, took time.Duration) {
	r.Lock()
	defer r.Unlock()
	word := "ok    "
	if t.Failed() {
		r.failed++
		word = "FAILED"
	} else {
		r.passed++
	}
	fmt.Printf("%s %5.1f s  %s\n", word, took.Seconds(), sentence(t.Name()))
}

func printSummary() {
	fmt.Printf("%d passed, %d failed\n", results.passed, results.failed)
}

// sentence makes the name of a test readable:
// "TestOptOutWins/a_missing_ConfigMap" becomes "Opt out wins: a missing ConfigMap".
func sentence(name string) string {
	test, row, _ := strings.Cut(strings.TrimPrefix(name, "Test"), "/")
	letters := []rune(test)
	var words strings.Builder
	for i, letter := range letters {
		lowerAt := func(at int) bool { return at < len(letters) && unicode.IsLower(letters[at]) }
		begins := i > 0 && unicode.IsUpper(letter) && (lowerAt(i-1) || lowerAt(i+1))
		if begins {
			words.WriteRune(' ')
		}
		// An abbreviation keeps its capitals; the single letter "A" is a word.
		if begins && (lowerAt(i+1) || lowerAt(i+2)) {
			letter = unicode.ToLower(letter)
		}
		words.WriteRune(letter)
	}
	if row != "" {
		words.WriteString(": " + strings.NewReplacer("_", " ", "/", ": ").Replace(row))
	}
	return words.String()
}
