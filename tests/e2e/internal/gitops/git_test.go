package gitops

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newRepository(t *testing.T) *Repository {
	t.Helper()
	server, err := NewGitServer("127.0.0.1", t.TempDir())
	must(t, err)
	t.Cleanup(func() { must(t, server.Stop()) })
	repository, err := server.NewRepository("shop")
	must(t, err)
	return repository
}

func commit(t *testing.T, r *Repository, files map[string]string) string {
	t.Helper()
	sha, err := r.Commit("change", files)
	must(t, err)
	return sha
}

// cloned returns the files of a new clone, without the folder of Git.
func cloned(t *testing.T, url string) string {
	t.Helper()
	folder := t.TempDir()
	out, err := exec.Command("git", "clone", "--quiet", url, folder).CombinedOutput()
	if err != nil {
		t.Fatalf("git clone: %v: %s", err, out)
	}
	var files []string
	for _, pattern := range []string{"[^.]*", "[^.]*/*"} {
		paths, err := filepath.Glob(filepath.Join(folder, pattern))
		must(t, err)
		for _, path := range paths {
			if text, err := os.ReadFile(path); err == nil {
				name, err := filepath.Rel(folder, path)
				must(t, err)
				files = append(files, name+"="+string(text))
			}
		}
	}
	return strings.Join(files, " ")
}

func TestServesEachCommitAndKeepsOtherFiles(t *testing.T) {
	r := newRepository(t)
	first := commit(t, r, map[string]string{"a": "1", "web/b": "1"})
	if got := cloned(t, r.URL); got != "a=1 web/b=1" {
		t.Errorf("the first commit has %s", got)
	}
	second := commit(t, r, map[string]string{"web/b": "2"})
	if got := cloned(t, r.URL); got != "a=1 web/b=2" || first == second {
		t.Errorf("commit %s after %s has %s", second, first, got)
	}
	commit(t, r, map[string]string{"a": ""})
	if got := cloned(t, r.URL); got != "web/b=2" {
		t.Errorf("without the removed file, the commit has %s", got)
	}
	reverted, err := r.Revert(first)
	must(t, err)
	if got := cloned(t, r.URL); got != "a=1 web/b=1" || reverted == first {
		t.Errorf("the reverted commit %s has %s", reverted, got)
	}
}
