// Package daemon runs a real server as a process of a test, on a free port of the machine. This
// package must not name a server.
package daemon

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	startLimit   = 30 * time.Second
	stopLimit    = 30 * time.Second
	pollInterval = 20 * time.Millisecond

	// The ports are below the node ports of Kubernetes and below the ports that the kernel gives to
	// clients. So nothing takes the port of a server that is stopped for a while.
	firstPort, ports = 20000, 10000
)

// portsTried is the number of ports that this process has tried. The process ID as the first value
// keeps two test programs apart.
var portsTried atomic.Uint32

func init() { portsTried.Store(uint32(os.Getpid()) * 97) }

// ErrRunning is returned by Start for a server that runs already.
var ErrRunning = errors.New("the server is running already")

// Daemon is a server that a test may stop, kill and pause at any time. Its address never changes.
// After the death of the test program, the kernel kills the server.
type Daemon struct {
	// Address is the host and the port on which the server listens.
	Address string
	// Program is the path of the program, and Args are its arguments.
	Program string
	Args    []string
	// Env are the variables, such as NAME=VALUE, that the server has in addition to those of the
	// test.
	Env []string
	// Folder has the files of the server, such as the log.
	Folder string
	// Scheme is http or https.
	Scheme string
	// ReadyURL returns 200 when the server is ready. Empty: the path /-/ready of the server. With
	// the scheme tcp, the server is ready when it accepts a connection.
	ReadyURL string
	// Transport sends the requests of the test; nil: the default one.
	Transport http.RoundTripper
	// Flags are the namespaces that the server does not share with the test, such as CLONE_NEWNS.
	Flags uintptr

	lock    sync.Mutex
	command *exec.Cmd
	ended   chan struct{}
}

// New prepares a server that listens on a free port of the host. args gets the address. The folder,
// which must exist, gets the log. get is the command that makes the program available.
func New(program, get, host, folder string, args func(address string) []string) (*Daemon, error) {
	if _, err := os.Stat(program); err != nil {
		return nil, fmt.Errorf("run %s first: %w", get, err)
	}
	address, err := FreeAddress(host)
	if err != nil {
		return nil, err
	}
	return &Daemon{Address: address, Program: program, Args: args(address), Folder: folder,
		Scheme: "http"}, nil
}

// FreeAddress returns an address of the host whose port nothing uses. The port is below the ports
// that the kernel gives to clients, so no client takes it before the server listens.
func FreeAddress(host string) (string, error) {
	var last error
	for range ports {
		port := firstPort + int(portsTried.Add(1)%ports)
		address := net.JoinHostPort(host, strconv.Itoa(port))
		listener, err := net.Listen("tcp", address)
		if err != nil {
			last = err
			continue
		}
		return address, listener.Close()
	}
	return "", fmt.Errorf("no port of %s is free: %w", host, last)
}

// URL is the address as a URL without a path.
func (d *Daemon) URL() string { return d.Scheme + "://" + d.Address }

// Client returns a client that the server accepts.
func (d *Daemon) Client(timeout time.Duration) http.Client {
	return http.Client{Timeout: timeout, Transport: d.Transport}
}

// Start starts the server and waits until it is ready.
func (d *Daemon) Start() error {
	if err := d.launch(); err != nil {
		return err
	}
	deadline := time.After(startLimit)
	for !d.isReady() {
		select {
		case <-d.ended:
			return fmt.Errorf("%s ended during its start: %s", d.Program, d.Log())
		case <-deadline:
			d.Kill()
			return fmt.Errorf("%s is not ready after %s: %s", d.Program, startLimit, d.Log())
		case <-time.After(pollInterval):
		}
	}
	return nil
}

func (d *Daemon) launch() error {
	d.lock.Lock()
	defer d.lock.Unlock()
	if d.isRunning() {
		return ErrRunning
	}
	log, err := os.OpenFile(d.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	command := exec.Command(d.Program, d.Args...)
	command.Env = append(os.Environ(), d.Env...)
	command.Stdout, command.Stderr = log, log
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Unshareflags: d.Flags}
	if err := command.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	d.command, d.ended = command, ended
	go func() {
		// The exit code is not used: a test that stops a server does not need it.
		_ = command.Wait()
		close(ended)
	}()
	return nil
}

func (d *Daemon) isReady() bool {
	url := cmp.Or(d.ReadyURL, d.URL()+"/-/ready")
	if address, isTCP := strings.CutPrefix(url, "tcp://"); isTCP {
		connection, err := net.DialTimeout("tcp", address, time.Second)
		return err == nil && connection.Close() == nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	client := d.Client(time.Second)
	response, err := client.Do(request)
	if err != nil {
		return false
	}
	response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// IsRunning reports whether the server runs, even if it is paused.
func (d *Daemon) IsRunning() bool {
	d.lock.Lock()
	defer d.lock.Unlock()
	return d.isRunning()
}

// isRunning needs the lock.
func (d *Daemon) isRunning() bool {
	if d.command == nil {
		return false
	}
	select {
	case <-d.ended:
		return false
	default:
		return true
	}
}

// Stop sends SIGTERM and waits until the server has ended. It also stops a paused server. If the
// server does not run, it returns nil.
func (d *Daemon) Stop() error {
	d.lock.Lock()
	defer d.lock.Unlock()
	if !d.isRunning() {
		return nil
	}
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGCONT} {
		if err := d.command.Process.Signal(signal); err != nil &&
			!errors.Is(err, os.ErrProcessDone) {
			return err
		}
	}
	select {
	case <-d.ended:
		return nil
	case <-time.After(stopLimit):
		// Nothing may be left behind.
		_ = d.command.Process.Kill()
		<-d.ended
		return fmt.Errorf("%s did not end within %s after SIGTERM", d.Program, stopLimit)
	}
}

// Kill sends SIGKILL and waits until the server has ended. The server need not run.
func (d *Daemon) Kill() {
	d.lock.Lock()
	defer d.lock.Unlock()
	if d.isRunning() {
		// The server may have ended since.
		_ = d.command.Process.Kill()
		<-d.ended
	}
}

// Pause makes the server hang: the kernel accepts connections, but no request gets a response. It
// returns when all threads are stopped.
func (d *Daemon) Pause() error {
	if err := d.signal(syscall.SIGSTOP); err != nil {
		return err
	}
	for end := time.Now().Add(stopLimit); time.Now().Before(end); time.Sleep(pollInterval) {
		if isStopped(d.command.Process.Pid) {
			return nil
		}
	}
	return fmt.Errorf("%s is not stopped %s after SIGSTOP", d.Program, stopLimit)
}

// isStopped reports whether all threads of a process are stopped: the kernel delivers SIGSTOP to
// each thread separately. The state is the first field after the name of the program in
// parentheses; see proc_pid_stat(5).
func isStopped(pid int) bool {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	if err != nil || len(files) == 0 {
		return false
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil || !strings.HasPrefix(string(text[bytes.LastIndexByte(text, ')')+1:]), " T") {
			return false
		}
	}
	return true
}

// Continue ends a pause.
func (d *Daemon) Continue() error { return d.signal(syscall.SIGCONT) }

func (d *Daemon) signal(signal syscall.Signal) error {
	d.lock.Lock()
	defer d.lock.Unlock()
	if !d.isRunning() {
		return fmt.Errorf("%s does not run", d.Program)
	}
	return d.command.Process.Signal(signal)
}

// Log returns the end of the log of all starts, at most 4 KiB, or the error as text.
func (d *Daemon) Log() string {
	const maxBytes = 4 << 10
	file, err := os.Open(d.logFile())
	if err != nil {
		return err.Error()
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && info.Size() > maxBytes {
		if _, err := file.Seek(-maxBytes, io.SeekEnd); err != nil {
			return err.Error()
		}
	}
	text, err := io.ReadAll(io.LimitReader(file, maxBytes))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func (d *Daemon) logFile() string { return filepath.Join(d.Folder, "log") }
