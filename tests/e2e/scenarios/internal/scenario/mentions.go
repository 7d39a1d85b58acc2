// Comparison of messages by the facts in them, not by their phrasing.
package scenario

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// mentions reports whether a message has all of the words. Each entry of words is a fact that a
// user needs, such as a number, a name or a command. An entry matches as a whole, in upper or lower
// case: "revision 1" matches "Revision 1 has no snapshot" but not "revision 12".
func mentions(message string, words []string) bool {
	lower := strings.ToLower(message)
	for _, word := range words {
		if !hasWord(lower, strings.ToLower(word)) {
			return false
		}
	}
	return true
}

func hasWord(text, word string) bool {
	for start := 0; ; {
		at := strings.Index(text[start:], word)
		if at < 0 {
			return false
		}
		begin := start + at
		if !joins(text[:begin], word) && !joins(text[:begin+len(word)], text[begin+len(word):]) {
			return true
		}
		start = begin + 1
	}
}

// joins reports whether two texts, one after the other, meet in the middle of a word or a name.
func joins(left, right string) bool {
	last, _ := utf8.DecodeLastRuneInString(left)
	first, _ := utf8.DecodeRuneInString(right)
	return isAlphanumeric(last) && isPartOfName(first) ||
		isPartOfName(last) && isAlphanumeric(first)
}

func isAlphanumeric(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

func isPartOfName(r rune) bool { return isAlphanumeric(r) || r == '-' || r == '_' }
