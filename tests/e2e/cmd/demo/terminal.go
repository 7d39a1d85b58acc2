package main

import (
	"os"
	"syscall"
	"unsafe"
)

// terminal describes the output of the demo, which may be no terminal.
type terminal struct {
	// isTerminal is false for a file, a pipe, and a terminal that cannot move its cursor.
	isTerminal bool
	color      bool
}

// standardOutput returns the terminal of the standard output. https://no-color.org describes
// NO_COLOR.
func standardOutput() terminal {
	info, err := os.Stdout.Stat()
	isTerminal := err == nil && info.Mode()&os.ModeCharDevice != 0
	return terminal{
		isTerminal: isTerminal && os.Getenv("TERM") != "dumb",
		color:      isTerminal && os.Getenv("NO_COLOR") == "",
	}
}

// size returns the columns and the lines. It is read for each drawing, because users resize
// terminals. See ioctl_tty(2).
func (t terminal) size() (columns, lines int) {
	var size struct{ lines, columns, x, y uint16 }
	_, _, failed := syscall.Syscall(syscall.SYS_IOCTL, os.Stdout.Fd(), syscall.TIOCGWINSZ,
		uintptr(unsafe.Pointer(&size)))
	if failed != 0 || size.columns == 0 || size.lines == 0 {
		return 80, 24
	}
	return int(size.columns), int(size.lines)
}
