package cluster

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func open(t *testing.T) *Cluster {
	t.Helper()
	// t.TempDir contains the name of the test, which is too long for the path of a Unix socket.
	dir, err := os.MkdirTemp("", "c")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	local, err := Open(filepath.Join(dir, "c"), &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	return local
}

func TestWritesEveryConfigurationFileWithPathsInTheStateDirectory(t *testing.T) {
	local := open(t)
	if err := local.writeConfiguration(); err != nil {
		t.Fatal(err)
	}
	for name, target := range configurationFiles {
		text, err := os.ReadFile(local.Path(target))
		if err != nil {
			t.Error(err)
			continue
		}
		// The state directory of this test is not below /var/lib, so no path may be there either.
		if strings.Contains(string(text), "<no value>") ||
			strings.Contains(string(text), "/var/lib") {
			t.Errorf("%s is\n%s", name, text)
		}
	}
}

func TestEveryComponentHasArgumentsAndIsStopped(t *testing.T) {
	local := open(t)
	isStopped := map[string]bool{}
	for _, component := range stopOrder {
		isStopped[component.name] = true
	}
	for _, name := range componentNames {
		if len(local.arguments(name)) == 0 || !isStopped[name] {
			t.Errorf("%s: arguments %v, stopped %v", name, local.arguments(name), isStopped[name])
		}
	}
}

func TestAnExtraNodeHasItsOwnPathsAndSharesOnlyTheAddressesOfPods(t *testing.T) {
	local := open(t)
	for _, dir := range []string{local.Dir, local.Path("pki")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := local.writeCredentials(); err != nil {
		t.Fatal(err)
	}
	node, err := local.claimNode()
	if err != nil {
		t.Fatal(err)
	}
	if next, err := local.claimNode(); err != nil || next.Number != node.Number+1 {
		t.Errorf("the next node is %d, error %v; want another number", next.Number, err)
	}
	if err := local.writeNodeFiles(node); err != nil {
		t.Fatal(err)
	}
	for _, name := range nodeFiles {
		text, err := os.ReadFile(node.Path(configurationFiles[name]))
		if err != nil {
			t.Error(err)
			continue
		}
		shared := strings.ReplaceAll(string(text), node.Dir, "")
		shared = strings.ReplaceAll(shared, local.Path("cni", "addresses"), "")
		if strings.Contains(shared, local.Dir) {
			t.Errorf("%s has paths of the other node:\n%s", name, text)
		}
	}
}

func TestRefusesADirectoryWithFilesThatNoClusterCreated(t *testing.T) {
	local := open(t)
	if err := local.refuseForeignDirectory(); err != nil {
		t.Errorf("a directory that does not exist: %v", err)
	}
	if err := os.MkdirAll(local.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := local.refuseForeignDirectory(); err != nil {
		t.Errorf("an empty directory: %v", err)
	}
	if err := os.WriteFile(local.Path("notes.txt"), []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := local.refuseForeignDirectory(); err == nil ||
		!strings.Contains(err.Error(), "notes.txt") {
		t.Errorf("a directory with a user's file: %v", err)
	}
	if err := os.WriteFile(local.Marker(), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := local.refuseForeignDirectory(); err != nil {
		t.Errorf("a directory of a cluster: %v", err)
	}
}

func TestLockRefusesASecondCommandUntilTheFirstUnlocks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	unlock, err := lock(path, "up")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lock(path, "down"); err == nil || !strings.Contains(err.Error(), "(up, process") {
		t.Errorf("the second command got error %v", err)
	}
	unlock()
	if _, err := os.Stat(path); err == nil {
		t.Error("the lock file still exists")
	}
	unlockSecond, err := lock(path, "down")
	if err != nil {
		t.Fatal(err)
	}
	unlockSecond()
}

func TestLastLinesReturnsTheEndOfALongLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	text := strings.Repeat("noise\n", 50_000) + "the reason\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(lastLines(path, 3), "\n")
	if len(lines) != 3 || lines[2] != "the reason" {
		t.Errorf("got %q", lines)
	}
}

func TestUnknownComponentErrorListsTheComponents(t *testing.T) {
	if err := open(t).KillComponent("kube-dns"); err == nil ||
		!strings.Contains(err.Error(), "the components are etcd, containerd") {
		t.Errorf("got %v", err)
	}
}
