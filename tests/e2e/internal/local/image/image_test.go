package image

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// writeTar returns the path of a tar archive with these files.
func writeTar(t *testing.T, files map[string]string) string {
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

func TestNamesReadsTheNameOfAnArchive(t *testing.T) {
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

func TestNamesReadsDockerAndOCIArchives(t *testing.T) {
	annotated := func(key, value string) string {
		return `{"manifests":[{"annotations":{"` + key + `":"` + value + `"}}]}`
	}
	type archive = map[string]string
	docker := func(text string) archive { return archive{"manifest.json": text} }
	oci := func(text string) archive { return archive{"index.json": text} }
	const name, nameForm = "a.b/c:1", "oci-archive:FILE:HOST/NAME:TAG"
	for title, row := range map[string]struct {
		files     archive
		want      []string
		wantError string
	}{
		"docker": {files: docker(`[{"RepoTags":["a.b/c:1","a.b/c:2"]}]`),
			want: []string{"a.b/c:1", "a.b/c:2"}},
		"docker without a tag": {files: docker(`[{"RepoTags":null}]`),
			wantError: "no image name"},
		"OCI with a reference":       {files: oci(annotated(refNameKey, name)), want: []string{name}},
		"OCI with containerd's name": {files: oci(annotated(fullNameKey, name)), want: []string{name}},
		"OCI with only a tag":        {files: oci(annotated(refNameKey, "latest")), wantError: nameForm},
		"another tar archive": {files: archive{"readme": "x"},
			wantError: "not a docker or OCI archive"},
		"invalid JSON": {files: oci("x"), wantError: "index.json"},
		"index.json is too large": {files: oci(strings.Repeat(" ", maxIndexBytes+1)),
			wantError: "the limit is"},
	} {
		t.Run(title, func(t *testing.T) {
			got, err := Names(writeTar(t, row.files))
			if row.wantError != "" {
				if err == nil || !strings.Contains(err.Error(), row.wantError) {
					t.Fatalf("got error %v; want %q", err, row.wantError)
				}
				return
			}
			if err != nil || !reflect.DeepEqual(got, row.want) {
				t.Fatalf("got %v, %v; want %v", got, err, row.want)
			}
		})
	}
}

func TestNamesRejectsAFileThatIsNotATar(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(path, []byte(strings.Repeat("no tar ", 200)), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Names(path); err == nil || !strings.Contains(err.Error(), "not a tar archive") {
		t.Fatalf("got %v", err)
	}
}
