// The parser of the log. The API server may still be writing the log.
package audit

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// maxLineBytes is enough for a request and a response, because etcd stores at most 1.5 MiB for each
// object.
const maxLineBytes = 8 << 20

// Log has the writes of a log, in the order of its lines.
type Log struct{ Writes []Write }

// Read reads a log file.
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

// Parse reads a log. It ignores a last line without a line feed, because the API server is still
// writing this line.
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
		var parsed event
		if err := json.Unmarshal(line, &parsed); err != nil {
			return nil, fmt.Errorf("line %d is not an audit event: %w", number, err)
		}
		if write, ok := parsed.write(); ok {
			log.Writes = append(log.Writes, write)
		}
	}
}

func readLine(reader *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := reader.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > maxLineBytes {
			return nil, fmt.Errorf("longer than %d bytes", maxLineBytes)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

// WritesBy returns all writes of a user, including dry runs and rejected writes.
func (l *Log) WritesBy(user string) []Write {
	return slices.DeleteFunc(slices.Clone(l.Writes), func(w Write) bool { return w.User != user })
}
