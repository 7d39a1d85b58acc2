// Package process runs the components of the cluster as daemons. The daemons outlive the command
// that started them, and a later command finds them. This package must not name a component.
package process

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// ownerVariable is the name, with "=", of an environment variable that every component has. Child
// processes inherit the variable. An unrelated process that gets the PID of an ended component does
// not have the variable.
const ownerVariable = "LASTGOOD_CLUSTER_PART="

const pollInterval = 20 * time.Millisecond

// Command starts a component. The table stores the command with the PID, so that the component can
// be started again.
type Command struct {
	Name string   `json:"name"`
	Path string   `json:"path"`
	Args []string `json:"args"`
	Env  []string `json:"env"`
	Log  string   `json:"log"`
	PID  int      `json:"pid"`
}

// Table is the set of processes of the cluster in one state directory.
type Table struct {
	owner string
	dir   string
}

// NewTable returns a table that stores its records in dir. The processes belong to the state
// directory owner.
func NewTable(owner, dir string) *Table { return &Table{owner: owner, dir: dir} }

// Start starts a component in its own session, with its output in its log.
func (t *Table) Start(command Command) error {
	log, err := os.OpenFile(command.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	devNull, err := os.Open(os.DevNull)
	if err != nil {
		return err
	}
	defer devNull.Close()
	closeInheritedOnExec()
	process, err := os.StartProcess(
		command.Path,
		append([]string{command.Name}, command.Args...),
		&os.ProcAttr{
			Dir:   "/",
			Env:   append([]string{t.ownerEntry(command.Name)}, command.Env...),
			Files: []*os.File{devNull, log, log},
			Sys:   &syscall.SysProcAttr{Setsid: true},
		},
	)
	if err != nil {
		return fmt.Errorf("cannot start %s: %w", command.Name, err)
	}
	// Without Wait, the process would stay a zombie until this command ends.
	go func() { _, _ = process.Wait() }()
	command.PID = process.Pid
	record, err := json.Marshal(command)
	if err != nil {
		return err
	}
	return os.WriteFile(t.recordPath(command.Name), record, 0o600)
}

// closeInheritedOnExec keeps the components from inheriting files that this command has inherited,
// such as the file of a lock. Files that Go has opened are closed anyway.
func closeInheritedOnExec() {
	const firstInherited = 3
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return
	}
	for _, entry := range entries {
		if descriptor, err := strconv.Atoi(entry.Name()); err == nil && descriptor >= firstInherited {
			syscall.CloseOnExec(descriptor)
		}
	}
}

// StartAgain starts a component with the command of its last start.
func (t *Table) StartAgain(name string) error {
	command, err := t.readCommand(name)
	if err != nil {
		return err
	}
	if t.Alive(name) {
		return fmt.Errorf("%s is already running (process %d)", name, command.PID)
	}
	return t.Start(command)
}

// Forget removes the record of a component that will not be started again.
func (t *Table) Forget(name string) error {
	if err := os.Remove(t.recordPath(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Alive reports whether a component runs.
func (t *Table) Alive(name string) bool { return t.PID(name) != 0 }

// PID returns the PID of a component, or 0 if it does not run.
func (t *Table) PID(name string) int {
	command, err := t.readCommand(name)
	if err != nil ||
		!hasVariable(command.PID, func(entry string) bool { return entry == t.ownerEntry(name) }) {
		return 0
	}
	return command.PID
}

// Stop sends SIGTERM to a component, and SIGKILL after the grace time. Without a grace time, it
// sends only SIGKILL. When it returns nil, the component does not run, and its ports are free.
func (t *Table) Stop(name string, grace time.Duration) error {
	pid := t.PID(name)
	if pid == 0 {
		return nil
	}
	descriptor, err := unix.PidfdOpen(pid, 0)
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("process %d of %s: %w", pid, name, err)
	}
	defer unix.Close(descriptor)
	if grace > 0 {
		if err := signal(pid, syscall.SIGTERM); err != nil {
			return err
		}
		if hasEnded(descriptor, grace) {
			return nil
		}
	}
	if err := signal(pid, syscall.SIGKILL); err != nil {
		return err
	}
	if !hasEnded(descriptor, 10*time.Second) {
		return fmt.Errorf("%s (process %d) does not end after SIGKILL", name, pid)
	}
	return nil
}

// KillAll kills all components and the processes that they started.
func (t *Table) KillAll() error { return t.KillDescendantsOf("") }

// KillDescendantsOf kills one component and the processes that it started.
func (t *Table) KillDescendantsOf(name string) error {
	var remaining []int
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(pollInterval) {
		if remaining = t.descendants(name); len(remaining) == 0 {
			return nil
		}
		for _, pid := range remaining {
			if err := signal(pid, syscall.SIGKILL); err != nil {
				return err
			}
		}
	}
	return fmt.Errorf("processes %v of the cluster do not end after SIGKILL", remaining)
}

// Descendants returns the PIDs of the components and of the processes that they started. It does
// not need the records of the components. Containers have another environment and are not included.
func (t *Table) Descendants() []int { return t.descendants("") }

func (t *Table) descendants(name string) []int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	prefix := t.ownerEntry(name)
	var found []int
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		if hasVariable(pid,
			func(entry string) bool { return strings.HasPrefix(entry, prefix) }) {
			found = append(found, pid)
		}
	}
	return found
}

// hasEnded reports whether the process of the descriptor ends within this time, with all its
// threads. A process whose first thread has ended looks like an ended process, but the other
// threads still have its ports.
func hasEnded(descriptor int, within time.Duration) bool {
	files := []unix.PollFd{{Fd: int32(descriptor), Events: unix.POLLIN}}
	for end := time.Now().Add(within); ; {
		remaining := max(time.Until(end), 0)
		count, err := unix.Poll(files, int(remaining.Milliseconds()))
		if count > 0 {
			return true
		}
		if remaining == 0 || (err != nil && !errors.Is(err, unix.EINTR)) {
			return false
		}
	}
}

// ownerEntry returns the environment entry of a component. With an empty name it is the prefix of
// the entries of all components.
func (t *Table) ownerEntry(name string) string { return ownerVariable + t.owner + ":" + name }

func (t *Table) recordPath(name string) string { return filepath.Join(t.dir, name+".json") }

func (t *Table) readCommand(name string) (Command, error) {
	var command Command
	text, err := os.ReadFile(t.recordPath(name))
	if err != nil {
		return command, fmt.Errorf("%s was never started: %w", name, err)
	}
	if err := json.Unmarshal(text, &command); err != nil {
		return command, fmt.Errorf("the record of %s is damaged: %w", name, err)
	}
	return command, nil
}

// hasVariable reports whether a process has an environment variable that matches. A zombie has no
// environment.
func hasVariable(pid int, matches func(string) bool) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil {
		return false
	}
	for entry := range bytes.SplitSeq(text, []byte{0}) {
		if matches(string(entry)) {
			return true
		}
	}
	return false
}

func signal(pid int, which syscall.Signal) error {
	if err := syscall.Kill(pid, which); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("process %d: %w", pid, err)
	}
	return nil
}
