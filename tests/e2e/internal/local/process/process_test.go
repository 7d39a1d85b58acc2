package process

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func shell(t *testing.T, name, script string) (*Table, Command) {
	t.Helper()
	dir := t.TempDir()
	table := NewTable(dir, dir)
	t.Cleanup(func() {
		if err := table.KillRest(); err != nil {
			t.Error(err)
		}
	})
	return table, Command{Name: name, Path: "/bin/sh", Args: []string{"-c", script}, Env: []string{"PATH=" + os.Getenv("PATH")}, Log: filepath.Join(dir, "log")}
}

func TestAComponentIsFoundAgainByAnotherCommand(t *testing.T) {
	table, command := shell(t, "etcd", "sleep 60")
	if err := table.Start(command); err != nil {
		t.Fatal(err)
	}
	if other := NewTable(table.owner, table.dir); !other.Alive("etcd") {
		t.Error("it is not found")
	}
	if stranger := NewTable("/elsewhere", table.dir); stranger.Alive("etcd") {
		t.Error("another cluster takes it for its own")
	}
}

func TestAComponentThatIgnoresTheRequestToEndIsKilled(t *testing.T) {
	table, command := shell(t, "kubelet", "trap '' TERM; echo ready; while :; do sleep 1; done")
	if err := table.Start(command); err != nil {
		t.Fatal(err)
	}
	waitForLog(t, command.Log, "ready")
	if err := table.Stop("kubelet", 100*time.Millisecond); err != nil || table.Alive("kubelet") {
		t.Errorf("alive %v, %v", table.Alive("kubelet"), err)
	}
}

func TestWhatAComponentStartedIsKilledWithTheRestEvenWithoutRecords(t *testing.T) {
	table, command := shell(t, "containerd", "sleep 61 & sleep 62 & echo ready; wait")
	if err := table.Start(command); err != nil {
		t.Fatal(err)
	}
	waitForLog(t, command.Log, "ready")
	if err := os.Remove(table.record("containerd")); err != nil {
		t.Fatal(err)
	}
	if err := table.KillRest(); err != nil {
		t.Fatal(err)
	}
	if rest := table.Descendants(); len(rest) != 0 {
		t.Errorf("%v are left", rest)
	}
}

func TestAStoppedComponentStartsAgainAsItWas(t *testing.T) {
	table, command := shell(t, "kube-apiserver", "echo started; sleep 63")
	if err := table.Start(command); err != nil {
		t.Fatal(err)
	}
	if err := table.StartAgain("kube-apiserver"); err == nil {
		t.Error("it was started twice")
	}
	waitForLog(t, command.Log, "started")
	if err := table.Stop("kube-apiserver", 0); err != nil {
		t.Fatal(err)
	}
	if err := table.StartAgain("kube-apiserver"); err != nil || !table.Alive("kube-apiserver") {
		t.Errorf("alive %v, %v", table.Alive("kube-apiserver"), err)
	}
	waitForLog(t, command.Log, "started\nstarted")
}

func TestAComponentThatWasNeverStartedIsNotAlive(t *testing.T) {
	table := NewTable("/x", t.TempDir())
	if table.Alive("etcd") {
		t.Error("alive")
	}
	if err := table.StartAgain("etcd"); err == nil || !strings.Contains(err.Error(), "never been started") {
		t.Errorf("got %v", err)
	}
}

func waitForLog(t *testing.T, path, text string) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(poll) {
		if content, err := os.ReadFile(path); err == nil && strings.Contains(string(content), text) {
			return
		}
	}
	t.Fatalf("%q never appeared in %s", text, path)
}
