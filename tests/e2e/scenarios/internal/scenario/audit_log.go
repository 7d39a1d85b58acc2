// Reads the writes to the cluster since the start of the test run from the audit log, which the API
// server writes to a file. This code must send no request to the API server.
package scenario

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"sync"

	"lastgood.dev/tests/e2e/internal/audit"
)

// AuditLog is the audit log from the start of the run. Each Read adds the new entries.
type AuditLog struct {
	path   string
	lock   sync.Mutex
	offset int64
	writes []audit.Write
}

func openAuditLog(path string) (*AuditLog, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read the audit log of the API server: %w", err)
	}
	return &AuditLog{path: path, offset: info.Size()}, nil
}

// Read returns all writes until now.
func (l *AuditLog) Read() (*audit.Log, error) {
	l.lock.Lock()
	defer l.lock.Unlock()
	added, err := l.newLines()
	if err != nil {
		return nil, err
	}
	log, err := audit.Parse(bytes.NewReader(added))
	if err != nil {
		return nil, err
	}
	l.offset += int64(len(added))
	l.writes = append(l.writes, log.Writes...)
	return &audit.Log{Writes: l.writes[:len(l.writes):len(l.writes)]}, nil
}

// newLines returns the new complete lines. The API server may still be writing the last line.
func (l *AuditLog) newLines() ([]byte, error) {
	file, err := os.Open(l.path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() < l.offset {
		return nil, fmt.Errorf("%s became shorter: it was rotated during the tests", l.path)
	}
	if _, err := file.Seek(l.offset, io.SeekStart); err != nil {
		return nil, err
	}
	added, err := io.ReadAll(file)
	if err != nil {
		return nil, err
	}
	return added[:bytes.LastIndexByte(added, '\n')+1], nil
}
