// The API server accepts every example that a user may copy, and rejects every bad example with
// the expected error.
package scenarios

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

func TestAcceptsEveryExample(t *testing.T) {
	s := scenario.New(t)
	count := 0
	for _, pattern := range []string{
		"deploy/examples/*.yaml", "tests/e2e/crd-examples/good/*.yaml",
	} {
		for _, file := range files(t, s, pattern) {
			for _, err := range s.DryRunErrors(read(t, file)) {
				t.Errorf("%s: %v", file, err)
			}
			count++
		}
	}
	for _, pattern := range []string{
		"*.md", "docs/*.md", "docs/*/*.md", "deploy/*/*.md", "deploy/*/*/*.md",
	} {
		for _, file := range files(t, s, pattern) {
			for _, block := range manifestsIn(read(t, file)) {
				for _, err := range s.DryRunErrors(block) {
					t.Errorf("%s, the example that begins with %.80q: %v", file, block, err)
				}
				count++
			}
		}
	}
	if count < 8 {
		t.Errorf("found only %d examples", count)
	}
}

// The first line of each bad example is "# refused: " and a part of the expected error.
func TestRejectsEveryBadExampleWithTheExpectedError(t *testing.T) {
	s := scenario.New(t)
	all := files(t, s, "tests/e2e/crd-examples/bad/*.yaml")
	if len(all) < 20 {
		t.Errorf("found only %d bad examples", len(all))
	}
	for _, file := range all {
		text := read(t, file)
		first, _, _ := strings.Cut(text, "\n")
		want, found := strings.CutPrefix(first, "# refused: ")
		if !found {
			t.Errorf("the first line of %s does not give the expected error", file)
			continue
		}
		rejections := s.DryRunErrors(text)
		if len(rejections) == 0 {
			t.Errorf("%s is accepted", file)
		}
		for _, err := range rejections {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got error %v; want %q", file, err, want)
			}
		}
	}
}

var yamlBlock = regexp.MustCompile("(?ms)^ *```ya?ml\n(.*?)^ *```")

// manifestsIn returns the YAML blocks of a Markdown page that are whole objects. Other blocks are
// parts of objects, or values of the chart.
func manifestsIn(page string) []string {
	var found []string
	for _, block := range yamlBlock.FindAllStringSubmatch(page, -1) {
		if strings.Contains(block[1], "apiVersion:") {
			found = append(found, block[1])
		}
	}
	return found
}

func files(t *testing.T, s *scenario.Scenario, pattern string) []string {
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
