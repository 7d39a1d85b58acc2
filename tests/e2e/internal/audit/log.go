// Reading the log, also while it is being written. Must not know what the writes mean.
package audit

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// An object is at most 1.5 MiB in the store; a line has it twice, and the rest.
const maxLine = 8 << 20

// Log is the writes of a log, in its order.
type Log struct{ Writes []Write }

// Read reads a whole log.
func Read(path string) (*Log, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	log, err := Parse(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return log, nil
}

// Parse reads a log. A last line without its end is one that is being written; the next reading will have it.
func Parse(from io.Reader) (*Log, error) {
	var log Log
	reader := bufio.NewReaderSize(from, 64<<10)
	for number := 1; ; number++ {
		line, err := readLine(reader)
		if errors.Is(err, io.EOF) {
			return &log, nil
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var one event
		if err := json.Unmarshal(line, &one); err != nil {
			return nil, fmt.Errorf("line %d is not an audit event: %w", number, err)
		}
		if write, is := one.write(); is {
			log.Writes = append(log.Writes, write)
		}
	}
}

func readLine(reader *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := reader.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > maxLine {
			return nil, fmt.Errorf("longer than %d bytes", maxLine)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

// WritesBy are all writes of one user, also the refused ones and dry runs.
func (l *Log) WritesBy(user string) []Write {
	return l.where(func(w Write) bool { return w.User == user })
}

// Since leaves out what was answered before; a Deployment that is older has no template history then.
func (l *Log) Since(start time.Time) *Log {
	return &Log{Writes: l.where(func(w Write) bool { return !w.Time.Before(start) })}
}

func (l *Log) where(matches func(Write) bool) []Write {
	var found []Write
	for _, write := range l.Writes {
		if matches(write) {
			found = append(found, write)
		}
	}
	return found
}
