// Every example that a user may copy is one that the API server takes, and every bad one is refused with words that help.
package scenarios

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"lastgood.dev/tests/e2e/scenarios/internal/story"
)

func TestEveryExampleIsAccepted(t *testing.T) {
	s := story.New(t)
	count := 0
	for _, pattern := range []string{"deploy/examples/*.yaml", "tests/e2e/crd-examples/good/*.yaml"} {
		for _, file := range files(t, s, pattern) {
			for _, err := range s.Refusals(read(t, file)) {
				t.Errorf("%s: %v", file, err)
			}
			count++
		}
	}
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md", "deploy/*/*.md", "deploy/*/*/*.md"} {
		for _, file := range files(t, s, pattern) {
			for _, block := range manifests(read(t, file)) {
				for _, err := range s.Refusals(block) {
					t.Errorf("%s, the example that begins with %.80q: %v", file, block, err)
				}
				count++
			}
		}
	}
	if count < 8 {
		t.Errorf("only %d examples were found", count)
	}
}

// The first line of each says what the refusal must say.
func TestEveryBadExampleIsRefusedInWordsThatHelp(t *testing.T) {
	s := story.New(t)
	all := files(t, s, "tests/e2e/crd-examples/bad/*.yaml")
	if len(all) < 20 {
		t.Errorf("only %d bad examples were found", len(all))
	}
	for _, file := range all {
		text := read(t, file)
		first, _, _ := strings.Cut(text, "\n")
		want, says := strings.CutPrefix(first, "# refused: ")
		if !says {
			t.Errorf("%s does not say in its first line what the refusal must say", file)
			continue
		}
		refusals := s.Refusals(text)
		if len(refusals) == 0 {
			t.Errorf("%s is accepted", file)
		}
		for _, refusal := range refusals {
			if !strings.Contains(refusal.Error(), want) {
				t.Errorf("%s is refused, but not by %q: %v", file, want, refusal)
			}
		}
	}
}

var fence = regexp.MustCompile("(?ms)^ *```ya?ml\n(.*?)^ *```")

// manifests are the YAML blocks of a page that are objects; others are parts of one, or values of the chart.
func manifests(page string) []string {
	var found []string
	for _, block := range fence.FindAllStringSubmatch(page, -1) {
		if strings.Contains(block[1], "apiVersion:") {
			found = append(found, block[1])
		}
	}
	return found
}

func files(t *testing.T, s *story.Story, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(s.Cluster.Project, pattern))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
