package image

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func write(t *testing.T, files map[string]string) string {
	t.Helper()
	content, order := map[string][]byte{}, []string{}
	for name, text := range files {
		content[name] = []byte(text)
		order = append(order, name)
	}
	archive, err := tarOf(content, order, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "image.tar")
	if err := os.WriteFile(path, archive, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAnArchiveMadeHereNamesItsImage(t *testing.T) {
	dir := t.TempDir()
	binary, archive := filepath.Join(dir, "app"), filepath.Join(dir, "app.tar")
	if err := os.WriteFile(binary, []byte("program"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(archive, "lastgood.dev/app:dev", binary); err != nil {
		t.Fatal(err)
	}
	names, err := Names(archive)
	if want := []string{"lastgood.dev/app:dev"}; err != nil || !reflect.DeepEqual(names, want) {
		t.Errorf("got %v, %v; want %v", names, err, want)
	}
}

func TestTheNamesOfAnArchive(t *testing.T) {
	annotated := func(key, value string) string {
		return `{"manifests":[{"annotations":{"` + key + `":"` + value + `"}}]}`
	}
	for name, row := range map[string]struct {
		files map[string]string
		want  []string
		fails string
	}{
		"docker":                         {files: map[string]string{"manifest.json": `[{"RepoTags":["a.b/c:1","a.b/c:2"]}]`}, want: []string{"a.b/c:1", "a.b/c:2"}},
		"docker without a tag":           {files: map[string]string{"manifest.json": `[{"RepoTags":null}]`}, fails: "does not name its image"},
		"OCI with a reference":           {files: map[string]string{"index.json": annotated(refName, "a.b/c:1")}, want: []string{"a.b/c:1"}},
		"OCI with containerd's name":     {files: map[string]string{"index.json": annotated(fullName, "a.b/c:1")}, want: []string{"a.b/c:1"}},
		"OCI with a tag alone":           {files: map[string]string{"index.json": annotated(refName, "latest")}, fails: "oci-archive:FILE:HOST/NAME:TAG"},
		"a tar of something else":        {files: map[string]string{"readme": "x"}, fails: "neither a docker nor an OCI archive"},
		"an index that is no JSON":       {files: map[string]string{"index.json": "x"}, fails: "index.json"},
		"an index that is out of bounds": {files: map[string]string{"index.json": strings.Repeat(" ", maxIndex+1)}, fails: "more than"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Names(write(t, row.files))
			if row.fails != "" {
				if err == nil || !strings.Contains(err.Error(), row.fails) {
					t.Fatalf("got error %v, want one that says %q", err, row.fails)
				}
				return
			}
			if err != nil || !reflect.DeepEqual(got, row.want) {
				t.Fatalf("got %v, %v; want %v", got, err, row.want)
			}
		})
	}
}

func TestAFileThatIsNoTarIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(path, []byte(strings.Repeat("no tar ", 200)), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Names(path); err == nil || !strings.Contains(err.Error(), "not a tar archive") {
		t.Fatalf("got %v", err)
	}
}
