// The control group of all pods, to find and kill every process of every pod. The code supports
// cgroups v1 and v2.
package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Cgroup is a control group with this name below the root of every hierarchy.
type Cgroup struct{ Name string }

// Create creates the group in every hierarchy.
func (c Cgroup) Create() error {
	roots, err := mountPoints(
		func(m mount) bool { return m.kind == "cgroup" || m.kind == "cgroup2" })
	if err != nil {
		return err
	}
	if len(roots) == 0 {
		return errors.New("no control groups are mounted below /sys/fs/cgroup")
	}
	for _, root := range roots {
		enableControllers(root)
		dir := filepath.Join(root, c.Name)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		if err := inheritCPUs(root, dir); err != nil {
			return err
		}
	}
	return nil
}

// Remove kills the processes in the group and removes it.
func (c Cgroup) Remove() error {
	deadline := time.Now().Add(15 * time.Second)
	for {
		remaining, err := c.removeOnce()
		if err != nil || remaining == 0 {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf(
				"cannot remove %d control groups of pods: their processes do not end", remaining)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// removeOnce returns the number of groups that could not be removed, because their processes have
// not ended yet.
func (c Cgroup) removeOnce() (remaining int, err error) {
	roots, err := mountPoints(
		func(m mount) bool { return m.kind == "cgroup" || m.kind == "cgroup2" })
	if err != nil {
		return 0, err
	}
	for _, root := range roots {
		dirs := directoriesIn(filepath.Join(root, c.Name))
		// A group can be removed only after the groups below it.
		for i := len(dirs) - 1; i >= 0; i-- {
			killMembers(dirs[i])
			if err := syscall.Rmdir(dirs[i]); err != nil && !errors.Is(err, fs.ErrNotExist) {
				remaining++
			}
		}
	}
	return remaining, nil
}

// directoriesIn returns dir and all directories below it, each parent before its children.
func directoriesIn(dir string) []string {
	var dirs []string
	// Groups that disappear during the walk need no removal.
	_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			dirs = append(dirs, path)
		}
		return nil
	})
	return dirs
}

func killMembers(dir string) {
	text, err := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
	if err != nil {
		return
	}
	for line := range strings.FieldsSeq(string(text)) {
		if pid, err := strconv.Atoi(line); err == nil && pid > 1 {
			// The process may have ended. If it cannot be killed, Remove reports its group.
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	// A frozen process handles the signal only after it is thawed.
	_ = writeExisting(filepath.Join(dir, "freezer.state"), "THAWED")
	_ = writeExisting(filepath.Join(dir, "cgroup.freeze"), "0")
}

// enableControllers enables the controllers for groups below root (cgroups v2). It ignores a
// missing controller: kubelet reports each missing controller that it needs.
func enableControllers(root string) {
	for _, controller := range []string{"cpu", "cpuset", "memory", "pids", "io", "hugetlb"} {
		_ = writeExisting(filepath.Join(root, "cgroup.subtree_control"), "+"+controller)
	}
}

// inheritCPUs copies the processors and memory nodes of root to a new cpuset (cgroups v1). A cpuset
// without processors accepts no process.
func inheritCPUs(root, dir string) error {
	for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
		parent, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			continue
		}
		if current, err := os.ReadFile(filepath.Join(dir, file)); err == nil &&
			strings.TrimSpace(string(current)) == "" {
			inherited := strings.TrimSpace(string(parent))
			if err := writeExisting(filepath.Join(dir, file), inherited); err != nil {
				return err
			}
		}
	}
	return nil
}

// writeExisting writes to a file that must exist.
func writeExisting(path, text string) error {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = file.WriteString(text)
	return err
}
