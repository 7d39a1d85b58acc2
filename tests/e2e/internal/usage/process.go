// Package usage reads what the controller uses: the CPU, the memory and the descriptors of its
// process from /proc, and the number of its requests from its metrics page. This package must not
// send requests.
package usage

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// ticksPerSecond is USER_HZ, which is 100 on all architectures of Linux that Kubernetes supports.
const ticksPerSecond = 100

// Process is a process on this machine.
type Process struct{ PID int }

// Usage is what a process used from its start to a time.
type Usage struct {
	At  time.Time
	CPU time.Duration
	// ResidentBytes is the resident memory at that time.
	ResidentBytes int64
	// Threads is the number of threads at that time.
	Threads int
	// Started is the time of the start of the process, in ticks since the machine was started.
	Started int64
}

// OfContainer finds the process by its control group, whose name ends with the ID of the container,
// as in containerd://ID.
func OfContainer(id string) (Process, error) {
	_, container, _ := strings.Cut(id, "://")
	files, err := filepath.Glob("/proc/[0-9]*/cgroup")
	if err != nil || container == "" {
		return Process{}, errors.Join(err, fmt.Errorf("%q is not the ID of a container", id))
	}
	for _, file := range files {
		// A process may have ended since.
		text, err := os.ReadFile(file)
		if err != nil || !bytes.Contains(text, []byte(container)) {
			continue
		}
		pid, err := strconv.Atoi(strings.Split(file, "/")[2])
		return Process{pid}, err
	}
	return Process{}, fmt.Errorf("container %s does not run on this machine", container)
}

// Usage reads the CPU time and the memory. See proc_pid_stat(5).
func (p Process) Usage() (Usage, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.PID))
	if err != nil {
		return Usage{}, fmt.Errorf("the controller has ended: %w", err)
	}
	return parseUsage(text, time.Now())
}

// parseUsage counts the fields after the name in parentheses: utime and stime are the fields 12 and
// 13, the threads are field 18, the time of the start is field 20, and the resident pages are field
// 22.
func parseUsage(stat []byte, now time.Time) (Usage, error) {
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 22 {
		return Usage{}, fmt.Errorf("%q is no line of /proc/PID/stat", stat)
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	threads, err3 := strconv.Atoi(fields[17])
	started, err4 := strconv.ParseInt(fields[19], 10, 64)
	pages, err5 := strconv.ParseInt(fields[21], 10, 64)
	return Usage{
		At:            now,
		CPU:           time.Duration(user+system) * time.Second / ticksPerSecond,
		ResidentBytes: pages * int64(os.Getpagesize()),
		Threads:       threads,
		Started:       started,
	}, errors.Join(err1, err2, err3, err4, err5)
}

// PercentOfCore returns the CPU between two times, in percent of one core.
func PercentOfCore(from, to Usage) float64 {
	return 100 * float64(to.CPU-from.CPU) / float64(to.At.Sub(from.At))
}

// ResidentMemory is the resident memory of a process now, the part of it that is not of a file, and
// the most that the resident memory has ever been, in bytes.
type ResidentMemory struct {
	Now, Anonymous, Peak int64
	At                   time.Time
}

// ResidentMemory reads the memory of the process.
func (p Process) ResidentMemory() (ResidentMemory, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.PID))
	if err != nil {
		return ResidentMemory{}, fmt.Errorf("the process has ended: %w", err)
	}
	found, err := parseMemory(string(text))
	found.At = time.Now()
	return found, err
}

// parseMemory reads the lines VmRSS, RssAnon and VmHWM of proc_pid_status(5), which are in KiB.
func parseMemory(status string) (ResidentMemory, error) {
	var found ResidentMemory
	for line := range strings.Lines(status) {
		fields := strings.Fields(line)
		if len(fields) != 3 {
			continue
		}
		number, err := strconv.ParseInt(fields[1], 10, 64)
		switch {
		case err != nil:
		case fields[0] == "VmRSS:":
			found.Now = number * 1024
		case fields[0] == "RssAnon:":
			found.Anonymous = number * 1024
		case fields[0] == "VmHWM:":
			found.Peak = number * 1024
		}
	}
	if found.Now == 0 || found.Peak == 0 {
		return ResidentMemory{}, errors.New("/proc/PID/status has no memory")
	}
	return found, nil
}

// ResetPeak sets the most memory that the process has ever had to its memory now. See
// proc_pid_clear_refs(5).
func (p Process) ResetPeak() error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", p.PID), []byte("5"), 0o200)
}

// Descriptors are the open files of a process. Sockets are open files too.
type Descriptors struct{ Files, Sockets int }

// Descriptors counts the open files of the process.
func (p Process) Descriptors() (Descriptors, error) {
	folder := fmt.Sprintf("/proc/%d/fd", p.PID)
	entries, err := os.ReadDir(folder)
	if err != nil {
		return Descriptors{}, fmt.Errorf("the process has ended: %w", err)
	}
	found := Descriptors{Files: len(entries)}
	for _, entry := range entries {
		// The file may be closed meanwhile.
		target, err := os.Readlink(filepath.Join(folder, entry.Name()))
		if err == nil && strings.HasPrefix(target, "socket:") {
			found.Sockets++
		}
	}
	return found, nil
}
