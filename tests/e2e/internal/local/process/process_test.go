package process

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// shellCommand returns a table and a component of it that runs a shell script.
func shellCommand(t *testing.T, name, script string) (*Table, Command) {
	t.Helper()
	dir := t.TempDir()
	table := NewTable(dir, dir)
	t.Cleanup(func() {
		if err := table.KillAll(); err != nil {
			t.Error(err)
		}
	})
	return table, Command{
		Name: name,
		Path: "/bin/sh",
		Args: []string{"-c", script},
		Env:  []string{"PATH=" + os.Getenv("PATH")},
		Log:  filepath.Join(dir, "log"),
	}
}

func TestOnlyATableOfTheSameOwnerFindsAComponent(t *testing.T) {
	table, command := shellCommand(t, "etcd", "sleep 60")
	if err := table.Start(command); err != nil {
		t.Fatal(err)
	}
	if other := NewTable(table.owner, table.dir); !other.Alive("etcd") {
		t.Error("another table of the same owner does not find the component")
	}
	if other := NewTable("/elsewhere", table.dir); other.Alive("etcd") {
		t.Error("a table of another owner finds the component")
	}
}

// `flock FILE ./dev cluster up` passes the locked file to its child. A component that kept it would
// hold the lock.
func TestComponentDoesNotInheritTheOpenFilesOfTheCommand(t *testing.T) {
	table, command := shellCommand(t, "etcd", "ls -l /proc/self/fd; echo ready; sleep 60")
	inherited := filepath.Join(t.TempDir(), "lock-of-the-user")
	descriptor, err := syscall.Open(inherited, syscall.O_CREAT|syscall.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(descriptor)
	if err := table.Start(command); err != nil {
		t.Fatal(err)
	}
	waitForLog(t, command.Log, "ready")
	log, err := os.ReadFile(command.Log)
	if err != nil || strings.Contains(string(log), inherited) {
		t.Errorf("%v, the component has the open files %s", err, log)
	}
}

func TestStopKillsAComponentThatIgnoresSIGTERM(t *testing.T) {
	table, command := shellCommand(t, "kubelet", "trap '' TERM; echo ready; while :; do sleep 1; done")
	if err := table.Start(command); err != nil {
		t.Fatal(err)
	}
	waitForLog(t, command.Log, "ready")
	if err := table.Stop("kubelet", 100*time.Millisecond); err != nil || table.Alive("kubelet") {
		t.Errorf("alive %v, %v", table.Alive("kubelet"), err)
	}
}

func TestStopReturnsOnlyWhenThePortsAreFree(t *testing.T) {
	const server = `exec python3 -c '
import socket, threading, time
listener = socket.create_server(("127.0.0.1", %d))
for _ in range(50): threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
print("ready", flush=True)
time.sleep(60)'`
	for range 5 {
		port := freePort(t)
		table, command := shellCommand(t, "kube-apiserver", fmt.Sprintf(server, port))
		if err := table.Start(command); err != nil {
			t.Fatal(err)
		}
		waitForLog(t, command.Log, "ready")
		if err := table.Stop("kube-apiserver", 0); err != nil {
			t.Fatal(err)
		}
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			t.Fatal(err)
		}
		listener.Close()
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

func TestKillAllKillsDescendantsWithoutRecords(t *testing.T) {
	table, command := shellCommand(t, "containerd", "sleep 61 & sleep 62 & echo ready; wait")
	if err := table.Start(command); err != nil {
		t.Fatal(err)
	}
	waitForLog(t, command.Log, "ready")
	if err := os.Remove(table.recordPath("containerd")); err != nil {
		t.Fatal(err)
	}
	if err := table.KillAll(); err != nil {
		t.Fatal(err)
	}
	if pids := table.Descendants(); len(pids) != 0 {
		t.Errorf("processes %v still run", pids)
	}
}

func TestStartAgainUsesTheSameCommand(t *testing.T) {
	table, command := shellCommand(t, "kube-apiserver", "echo started; sleep 63")
	if err := table.Start(command); err != nil {
		t.Fatal(err)
	}
	if err := table.StartAgain("kube-apiserver"); err == nil {
		t.Error("a running component was started again")
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

func TestComponentThatWasNeverStartedIsNotAlive(t *testing.T) {
	table := NewTable("/x", t.TempDir())
	if table.Alive("etcd") {
		t.Error("alive")
	}
	if err := table.StartAgain("etcd"); err == nil ||
		!strings.Contains(err.Error(), "was never started") {
		t.Errorf("got %v", err)
	}
}

func waitForLog(t *testing.T, path, text string) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(pollInterval) {
		if content, err := os.ReadFile(path); err == nil &&
			strings.Contains(string(content), text) {
			return
		}
	}
	t.Fatalf("timed out waiting for %q in %s", text, path)
}
