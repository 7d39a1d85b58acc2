// The control group that all pods are in: it finds and ends every process of every pod. Works on both versions of cgroups.
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

// Cgroup is a control group below the root of every hierarchy.
type Cgroup struct{ Name string }

// Create makes the group in every hierarchy.
func (c Cgroup) Create() error {
	roots, err := mountPoints(func(m mount) bool { return m.kind == "cgroup" || m.kind == "cgroup2" })
	if err != nil {
		return err
	}
	if len(roots) == 0 {
		return errors.New("no control groups are mounted below /sys/fs/cgroup")
	}
	for _, root := range roots {
		delegate(root)
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

// Remove kills what is in the group and removes it.
func (c Cgroup) Remove() error {
	end := time.Now().Add(15 * time.Second)
	for {
		left, err := c.removeOnce()
		if err != nil || left == 0 {
			return err
		}
		if time.Now().After(end) {
			return fmt.Errorf("%d control groups of pods cannot be removed: their processes do not end", left)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (c Cgroup) removeOnce() (left int, err error) {
	roots, err := mountPoints(func(m mount) bool { return m.kind == "cgroup" || m.kind == "cgroup2" })
	if err != nil {
		return 0, err
	}
	for _, root := range roots {
		dirs := below(filepath.Join(root, c.Name))
		// A group can be removed when those below it are.
		for i := len(dirs) - 1; i >= 0; i-- {
			killMembers(dirs[i])
			if err := syscall.Rmdir(dirs[i]); err != nil && !errors.Is(err, fs.ErrNotExist) {
				left++
			}
		}
	}
	return left, nil
}

func below(dir string) []string {
	var dirs []string
	// What vanishes during the walk is what is wanted.
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
			// One that has ended meanwhile is as good; one that cannot be killed keeps its group, which Remove reports.
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	// A frozen process dies when it thaws.
	_ = writeExisting(filepath.Join(dir, "freezer.state"), "THAWED")
	_ = writeExisting(filepath.Join(dir, "cgroup.freeze"), "0")
}

// In version 2 a group has the controllers that its parent hands down. One that the kernel lacks is no error here: the
// kubelet says what it misses.
func delegate(root string) {
	for _, controller := range []string{"cpu", "cpuset", "memory", "pids", "io", "hugetlb"} {
		_ = writeExisting(filepath.Join(root, "cgroup.subtree_control"), "+"+controller)
	}
}

// In version 1 a new cpuset has no processors, and no process can be put into it.
func inheritCPUs(root, dir string) error {
	for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
		parent, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			continue
		}
		if own, err := os.ReadFile(filepath.Join(dir, file)); err == nil && strings.TrimSpace(string(own)) == "" {
			if err := writeExisting(filepath.Join(dir, file), strings.TrimSpace(string(parent))); err != nil {
				return err
			}
		}
	}
	return nil
}

func writeExisting(path, text string) error {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = file.WriteString(text)
	return err
}
