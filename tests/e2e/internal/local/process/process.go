// Package process runs the cluster's components as daemons that outlive the command that started them, and finds them again.
// It must not know what any of them does.
package process

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A process keeps its environment for life and gives it to its children, which makes it a mark that no crash can lose and
// no reuse of a process number can forge.
const mark = "LASTGOOD_CLUSTER_PART="

const poll = 20 * time.Millisecond

// Command is how a component is started; it is kept beside the process number so that it can be started again.
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

// NewTable keeps its records in dir; owner is the state directory that the processes belong to.
func NewTable(owner, dir string) *Table { return &Table{owner: owner, dir: dir} }

// Start runs a component in a session of its own, its output in its log.
func (t *Table) Start(command Command) error {
	log, err := os.OpenFile(command.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	nothing, err := os.Open(os.DevNull)
	if err != nil {
		return err
	}
	defer nothing.Close()
	process, err := os.StartProcess(command.Path, append([]string{command.Name}, command.Args...), &os.ProcAttr{
		Dir:   "/",
		Env:   append([]string{t.markOf(command.Name)}, command.Env...),
		Files: []*os.File{nothing, log, log},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		return fmt.Errorf("%s could not be started: %w", command.Name, err)
	}
	// Unwaited it would stay a zombie for as long as this command runs. How it ended is in its log.
	go func() { _, _ = process.Wait() }()
	command.PID = process.Pid
	record, err := json.Marshal(command)
	if err != nil {
		return err
	}
	return os.WriteFile(t.record(command.Name), record, 0o600)
}

// StartAgain runs a component as it was run last.
func (t *Table) StartAgain(name string) error {
	command, err := t.read(name)
	if err != nil {
		return err
	}
	if t.Alive(name) {
		return fmt.Errorf("%s is running already (process %d)", name, command.PID)
	}
	return t.Start(command)
}

// Alive says whether a component runs.
func (t *Table) Alive(name string) bool { return t.PID(name) != 0 }

// PID is the component's process number, 0 when it does not run.
func (t *Table) PID(name string) int {
	command, err := t.read(name)
	if err != nil || !hasEnvironment(command.PID, func(entry string) bool { return entry == t.markOf(name) }) {
		return 0
	}
	return command.PID
}

// Stop asks a component to end and kills it when it has not after the grace time. A component that does not run is fine.
func (t *Table) Stop(name string, grace time.Duration) error {
	pid := t.PID(name)
	if pid == 0 {
		return nil
	}
	if grace > 0 {
		if err := signal(pid, syscall.SIGTERM); err != nil {
			return err
		}
		if t.gone(name, grace) {
			return nil
		}
	}
	if err := signal(pid, syscall.SIGKILL); err != nil {
		return err
	}
	if !t.gone(name, 10*time.Second) {
		return fmt.Errorf("%s (process %d) does not end, not even when killed", name, pid)
	}
	return nil
}

// KillRest kills every process that descends from a component, and says which could not be killed.
func (t *Table) KillRest() error { return t.KillDescendantsOf("") }

// KillDescendantsOf kills one component and what it started.
func (t *Table) KillDescendantsOf(name string) error {
	var rest []int
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(poll) {
		if rest = t.descendants(name); len(rest) == 0 {
			return nil
		}
		for _, pid := range rest {
			if err := signal(pid, syscall.SIGKILL); err != nil {
				return err
			}
		}
	}
	return fmt.Errorf("processes %v of the cluster do not end, not even when killed", rest)
}

// Descendants are the components and what they started, whether or not their records still exist. Containers are not among
// them: they have an environment of their own.
func (t *Table) Descendants() []int { return t.descendants("") }

func (t *Table) descendants(name string) []int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	// A state directory ends at the colon, so no other's name can begin with it.
	prefix := t.markOf(name)
	var found []int
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		if hasEnvironment(pid, func(entry string) bool { return strings.HasPrefix(entry, prefix) }) {
			found = append(found, pid)
		}
	}
	return found
}

func (t *Table) gone(name string, within time.Duration) bool {
	for end := time.Now().Add(within); time.Now().Before(end); time.Sleep(poll) {
		if !t.Alive(name) {
			return true
		}
	}
	return !t.Alive(name)
}

func (t *Table) markOf(name string) string { return mark + t.owner + ":" + name }

func (t *Table) record(name string) string { return filepath.Join(t.dir, name+".json") }

func (t *Table) read(name string) (Command, error) {
	var command Command
	text, err := os.ReadFile(t.record(name))
	if err != nil {
		return command, fmt.Errorf("%s has never been started: %w", name, err)
	}
	if err := json.Unmarshal(text, &command); err != nil {
		return command, fmt.Errorf("the record of %s is damaged: %w", name, err)
	}
	return command, nil
}

// A zombie has no environment, so it counts as gone.
func hasEnvironment(pid int, matches func(string) bool) bool {
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
