// What was written to the cluster since the run began, by the API server's audit log. Must not ask the API server.
package story

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"sync"

	"lastgood.dev/tests/e2e/internal/audit"
)

// Ledger is the audit log from the beginning of the run; each reading takes in what was added since the last.
type Ledger struct {
	path   string
	lock   sync.Mutex
	offset int64
	writes []audit.Write
}

func openLedger(path string) (*Ledger, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("the API server's audit log, which these tests ask who wrote what: %w", err)
	}
	return &Ledger{path: path, offset: info.Size()}, nil
}

// Read is everything so far.
func (l *Ledger) Read() (*audit.Log, error) {
	l.lock.Lock()
	defer l.lock.Unlock()
	added, err := l.added()
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

// Whole lines only: the last one may still be being written.
func (l *Ledger) added() ([]byte, error) {
	file, err := os.Open(l.path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || info.Size() < l.offset {
		return nil, fmt.Errorf("%s was rotated while the tests ran (%v)", l.path, err)
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
