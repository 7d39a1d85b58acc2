// A controller of one scenario, outside the cluster. It guards only the namespace of the scenario
// and has its own Lease, so a scenario may stop it at any time.
package scenario

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	coordination "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const leaseName = "lastgood"

// firstGroup is above the groups of the machine's users.
const firstGroup = 1 << 30

// processes is the number of controllers of this run.
var processes atomic.Uint32

// Process is a controller that runs as a process of the test.
type Process struct {
	scenario *Scenario
	flags    []string
	config   string
	logFile  string
	// identity is the holder in the Lease.
	identity string
	// environment has variables such as NAME=VALUE, in addition to those of the test.
	environment []string
	// group is the Unix group of the process, which no other process has.
	group uint32

	lock       sync.Mutex
	command    *exec.Cmd
	logFrom    int64 // offset in the log file at which the log of the latest process begins
	ended      chan struct{}
	terminated time.Time // time of the latest Terminate
}

// newProcess prepares a controller that connects to the proxy, or to the API server if proxy is
// nil.
func (s *Scenario) newProcess(proxy *Proxy) *Process {
	s.T.Helper()
	folder := s.T.TempDir()
	p := &Process{scenario: s,
		flags:  []string{"--breaker-rollbacks", "0", "--shared-cause-deployments", "0"},
		config: folder + "/kubeconfig", logFile: folder + "/controller.log",
		identity: "scenario", group: firstGroup + processes.Add(1)}
	server, authority := s.Cluster.Config.Host, s.Cluster.Config.CAData
	if proxy != nil {
		server, authority = proxy.address()
	}
	s.must(s.Cluster.writeKubeconfig(p.config, server, authority))
	// The chart allows the Lease only in the system namespace.
	s.ControllerMay("coordination.k8s.io", "leases", "create", "get", "update")
	s.T.Cleanup(p.Kill)
	return p
}

// Start starts the controller. All processes of a Process have the same identity, so that each gets
// the Lease of a killed one without waiting.
func (p *Process) Start() {
	p.scenario.T.Helper()
	log, err := os.OpenFile(p.logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	p.scenario.must(err)
	defer log.Close()
	before, err := log.Stat()
	p.scenario.must(err)
	namespace := p.scenario.Namespace
	// With port 0 the controller listens on a free port and logs it.
	flags := append([]string{"--kubeconfig", p.config, "--namespaces", namespace,
		"--listen", "127.0.0.1:0", "--lease-namespace", namespace, "--lease-name", leaseName,
		"--identity", p.identity, "--log-level", "debug"}, p.flags...)
	command := exec.Command(p.scenario.Cluster.binary(), flags...)
	command.Stdout, command.Stderr = log, log
	command.Env = append(os.Environ(), p.environment...)
	// The controller must not outlive a test binary that is killed.
	command.SysProcAttr = &syscall.SysProcAttr{
		Pdeathsig: syscall.SIGKILL,
		// When().ControllerBlocked finds the packets of this controller by the group.
		Credential: &syscall.Credential{Gid: p.group},
	}
	p.scenario.must(command.Start())
	p.lock.Lock()
	defer p.lock.Unlock()
	ended := make(chan struct{})
	p.command, p.ended, p.logFrom = command, ended, before.Size()
	go func() {
		// WaitStopped reads the exit code from ProcessState.
		_ = command.Wait()
		close(ended)
	}()
}

// Kill sends SIGKILL and waits until the process has ended.
func (p *Process) Kill() {
	p.lock.Lock()
	defer p.lock.Unlock()
	if p.command == nil {
		return
	}
	// The process may have ended already.
	_ = p.command.Process.Kill()
	<-p.ended
	p.command = nil
}

// StopFor stops the process for this time, as on a machine without a free processor, and continues
// it.
func (p *Process) StopFor(duration time.Duration) {
	p.scenario.T.Helper()
	p.lock.Lock()
	defer p.lock.Unlock()
	p.scenario.must(p.command.Process.Signal(syscall.SIGSTOP))
	time.Sleep(duration)
	p.scenario.must(p.command.Process.Signal(syscall.SIGCONT))
}

// Terminate sends SIGTERM.
func (p *Process) Terminate() {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.terminated = time.Now()
	// If the process has ended already, the exit code shows it.
	_ = p.command.Process.Signal(syscall.SIGTERM)
}

// WaitStopped waits until the process has ended after Terminate. It returns the exit code and the
// time since Terminate.
func (p *Process) WaitStopped() (exitCode int, took time.Duration) {
	p.lock.Lock()
	defer p.lock.Unlock()
	select {
	case <-p.ended:
	case <-time.After(timeout):
		_ = p.command.Process.Kill()
		<-p.ended
	}
	took = time.Since(p.terminated)
	exitCode = p.command.ProcessState.ExitCode()
	p.command = nil
	return exitCode, took
}

// address returns the address on which the latest process listens, or "" before it listens. The
// port is in the log entry with the field "port".
func (p *Process) address() string {
	p.lock.Lock()
	defer p.lock.Unlock()
	log, err := os.ReadFile(p.logFile)
	if err != nil || int64(len(log)) < p.logFrom {
		return ""
	}
	for line := range strings.Lines(string(log[p.logFrom:])) {
		var entry struct {
			Port int `json:"port"`
		}
		if json.Unmarshal([]byte(line), &entry) == nil && entry.Port != 0 {
			return fmt.Sprintf("127.0.0.1:%d", entry.Port)
		}
	}
	return ""
}

// AwaitListening waits until the latest process listens, after which it reads the Lease.
func (p *Process) AwaitListening() {
	p.scenario.T.Helper()
	p.scenario.eventually(p.identity+" listens", func(context.Context) (bool, string) {
		return p.address() != "", "not yet"
	})
}

// Lease returns the Lease of the controller.
func (p *Process) Lease() *coordination.Lease {
	p.scenario.T.Helper()
	found, err := p.scenario.Cluster.Typed.CoordinationV1().Leases(p.scenario.Namespace).
		Get(context.Background(), leaseName, metav1.GetOptions{})
	p.scenario.must(err)
	return found
}

func (c *Cluster) binary() string {
	if c.install.outside != "" {
		return c.install.outside
	}
	return binaryPath(c.Project)
}
