// The lock: only one command at a time may change the cluster.
package cluster

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// lock acquires the lock of this machine. The kernel releases it when the process ends; unlock also
// removes the file.
func lock(path, verb string) (unlock func(), err error) {
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
				holderOf(file))
		}
		// The previous holder may have removed the file after it was opened here. A lock on a
		// removed file protects nothing.
		if !sameFile(file, path) {
			file.Close()
			continue
		}
		if err := describe(file, verb); err != nil {
			file.Close()
			return nil, err
		}
		return func() {
			// The file is removed while it is locked, so that sameFile detects the removal.
			_ = os.Remove(path)
			file.Close()
		}, nil
	}
}

func describe(file *os.File, verb string) error {
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err := file.WriteAt(fmt.Appendf(nil, "%s, process %d", verb, os.Getpid()), 0)
	return err
}

func holderOf(file *os.File) string {
	text := make([]byte, 100)
	count, _ := file.ReadAt(text, 0)
	return strings.TrimSpace(string(text[:count]))
}

func sameFile(file *os.File, path string) bool {
	held, err := file.Stat()
	if err != nil {
		return false
	}
	now, err := os.Stat(path)
	return err == nil && os.SameFile(held, now)
}
