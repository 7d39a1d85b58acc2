// The lock: only one command at a time may change the cluster.
package cluster

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// lock acquires the lock of this machine for a command such as "up". The kernel releases the lock
// when the process ends; unlock also removes the file.
func lock(path, command string) (unlock func(), err error) {
	for {
		file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
		if err != nil {
			return nil, err
		}
		if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
			defer file.Close()
			if !errors.Is(err, syscall.EWOULDBLOCK) {
				return nil, err
			}
			return nil, fmt.Errorf(
				"another command is changing the local cluster (%s); wait until it ends",
				readHolder(file))
		}
		// The previous holder may have removed the file after it was opened here. A lock on a
		// removed file protects nothing.
		if !isFileAt(file, path) {
			file.Close()
			continue
		}
		if err := writeHolder(file, command); err != nil {
			file.Close()
			return nil, err
		}
		return func() {
			// The file is removed while it is locked, so that isFileAt detects the removal.
			_ = os.Remove(path)
			file.Close()
		}, nil
	}
}

// writeHolder writes the command and the PID of this process to the lock file.
func writeHolder(file *os.File, command string) error {
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err := file.WriteAt(fmt.Appendf(nil, "%s, process %d", command, os.Getpid()), 0)
	return err
}

func readHolder(file *os.File) string {
	text := make([]byte, 100)
	count, _ := file.ReadAt(text, 0)
	return strings.TrimSpace(string(text[:count]))
}

// isFileAt reports whether the open file is still the file at path.
func isFileAt(file *os.File, path string) bool {
	opened, err := file.Stat()
	if err != nil {
		return false
	}
	current, err := os.Stat(path)
	return err == nil && os.SameFile(opened, current)
}
