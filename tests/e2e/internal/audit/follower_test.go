package audit

import (
	"os"
	"path/filepath"
	"testing"
)

func TestFollowerReturnsEachLaterWriteOnce(t *testing.T) {
	recordedLines, err := os.ReadFile(recorded)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "audit.log")
	appendTo := func(text []byte) {
		file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		if _, err := file.Write(text); err != nil {
			t.Fatal(err)
		}
	}
	appendTo(recordedLines)
	follower, err := Follow(path)
	if err != nil {
		t.Fatal(err)
	}
	expect := func(want int) {
		t.Helper()
		if got, err := follower.Next(); err != nil || len(got) != want {
			t.Errorf("got %d writes, %v; want %d", len(got), err, want)
		}
	}
	all := len(readRecorded(t).Writes)
	expect(0)
	appendTo(recordedLines)
	appendTo(recordedLines[:100])
	expect(all)
	expect(0)
	appendTo(recordedLines[100:])
	expect(all)
}

func TestPatchNamesItsRollback(t *testing.T) {
	write := Write{Resource: "deployments"}
	for body, want := range map[string]string{
		`[{"op":"test","path":"/metadata/generation","value":3},` +
			`{"op":"replace","path":"/spec/template","value":{}},` +
			`{"op":"add","path":"/metadata/annotations/lastgood.dev~1rolled-back-by",` +
			`"value":"web-3"}]`: "web-3",
		`[{"op":"replace","path":"/metadata/managedFields","value":[]}]`: "",
		`{"spec":{"template":{}}}`:                                       "",
	} {
		write.RequestBody = []byte(body)
		got, isPatch := write.PatchForRollback()
		if got != want || isPatch != (want != "") {
			t.Errorf("%s: got %q, %v", body, got, isPatch)
		}
	}
}
