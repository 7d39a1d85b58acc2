// One command at a time may change the cluster.
package cluster

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// lock takes the machine-wide lock, which ends with the process however that ends; unlock removes the file.
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
			return nil, fmt.Errorf("another command is changing the local cluster (%s); wait until it has ended", holderOf(file))
		}
		// Whoever held it before may have removed the file between our opening and our locking: then it protects nothing.
		if !sameFile(file, path) {
			file.Close()
			continue
		}
		if err := describe(file, verb); err != nil {
			file.Close()
			return nil, err
		}
		return func() {
			// Removed while still held, so that nobody can lock a file that is about to vanish without seeing it.
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
