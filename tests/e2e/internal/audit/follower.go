// The log of a running cluster, from a time on.
package audit

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"sync"
)

// Follower is the audit log from the call of Follow on. Each Read adds the new entries.
type Follower struct {
	path   string
	lock   sync.Mutex
	offset int64
	writes []Write
}

// Follow begins at the present end of the log file.
func Follow(path string) (*Follower, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read the audit log of the API server: %w", err)
	}
	return &Follower{path: path, offset: info.Size()}, nil
}

// Read returns all writes until now.
func (f *Follower) Read() (*Log, error) {
	f.lock.Lock()
	defer f.lock.Unlock()
	added, err := f.next()
	if err != nil {
		return nil, err
	}
	f.writes = append(f.writes, added...)
	return &Log{Writes: f.writes[:len(f.writes):len(f.writes)]}, nil
}

// Next returns the writes since the last call of Next or Read, and forgets them. A program that
// follows the log for hours calls only Next.
func (f *Follower) Next() ([]Write, error) {
	f.lock.Lock()
	defer f.lock.Unlock()
	return f.next()
}

func (f *Follower) next() ([]Write, error) {
	added, err := f.newLines()
	if err != nil {
		return nil, err
	}
	log, err := Parse(bytes.NewReader(added))
	if err != nil {
		return nil, err
	}
	f.offset += int64(len(added))
	return log.Writes, nil
}

// newLines returns the new complete lines. The API server may still be writing the last line.
func (f *Follower) newLines() ([]byte, error) {
	file, err := os.Open(f.path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() < f.offset {
		return nil, fmt.Errorf("%s became shorter: it was rotated meanwhile", f.path)
	}
	if _, err := file.Seek(f.offset, io.SeekStart); err != nil {
		return nil, err
	}
	added, err := io.ReadAll(file)
	if err != nil {
		return nil, err
	}
	return added[:bytes.LastIndexByte(added, '\n')+1], nil
}
