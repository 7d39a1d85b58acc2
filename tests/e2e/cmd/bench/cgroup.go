package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// memoryCgroup limits the memory of one process, as the kubelet limits that of a container. The
// kernel kills the process above the limit.
type memoryCgroup struct {
	folder string
	// v2 is true for cgroup v2.
	v2 bool
}

const (
	cgroupRoot   = "/sys/fs/cgroup"
	cgroupV1Root = cgroupRoot + "/memory"
)

func newMemoryCgroup(name string, limitBytes int64) (*memoryCgroup, error) {
	c := &memoryCgroup{folder: filepath.Join(cgroupV1Root, name)}
	if _, err := os.Stat(cgroupV1Root); err != nil {
		c.folder, c.v2 = filepath.Join(cgroupRoot, name), true
		// The controller "memory" may be enabled already.
		_ = os.WriteFile(filepath.Join(cgroupRoot, "cgroup.subtree_control"), []byte("+memory"), 0)
	}
	if err := os.Mkdir(c.folder, 0o755); err != nil {
		return nil, err
	}
	limit := []byte(strconv.FormatInt(limitBytes, 10))
	err := os.WriteFile(filepath.Join(c.folder, c.file("memory.limit_in_bytes", "memory.max")), limit,
		0)
	if err != nil {
		c.remove()
		return nil, err
	}
	return c, nil
}

func (c *memoryCgroup) file(v1, v2 string) string {
	if c.v2 {
		return v2
	}
	return v1
}

// procs is the file that takes the ID of the process.
func (c *memoryCgroup) procs() string { return filepath.Join(c.folder, "cgroup.procs") }

// peak is the largest use of memory, with the pages of files, in bytes.
func (c *memoryCgroup) peak() (int64, error) {
	text, err := os.ReadFile(
		filepath.Join(c.folder, c.file("memory.max_usage_in_bytes", "memory.peak")))
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
}

// oomKills is the number of processes that the kernel killed because of the limit.
func (c *memoryCgroup) oomKills() (int, error) {
	file, err := os.Open(filepath.Join(c.folder, c.file("memory.oom_control", "memory.events")))
	if err != nil {
		return 0, err
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if count, found := strings.CutPrefix(lines.Text(), "oom_kill "); found {
			return strconv.Atoi(count)
		}
	}
	return 0, fmt.Errorf("%s: no oom_kill", file.Name())
}

// remove deletes the cgroup. Its process must have ended.
func (c *memoryCgroup) remove() {
	if err := syscall.Rmdir(c.folder); err != nil && !errors.Is(err, syscall.ENOENT) {
		fmt.Fprintf(os.Stderr, "The cgroup %s could not be removed: %v\n", c.folder, err)
	}
}
