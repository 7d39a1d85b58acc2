// A controller of the story's own, outside the cluster: it looks after this story's namespace alone, with a Lease of its own,
// and may be stopped in any way.
package story

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	coordination "k8s.io/api/coordination/v1"
	rbac "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const lease = "lastgood"

// Process is the controller as an operating system's process.
type Process struct {
	story   *Story
	flags   []string
	config  string
	logFile string

	lock    sync.Mutex
	command *exec.Cmd
	logFrom int64 // where the log of this start begins
	ended   chan struct{}
	told    time.Time
}

// newProcess prepares one that talks to the API server, or to the proxy before it.
func (s *Story) newProcess(proxy *Proxy) *Process {
	s.T.Helper()
	folder := s.T.TempDir()
	p := &Process{story: s, flags: []string{"--breaker-rollbacks", "0"},
		config: folder + "/kubeconfig", logFile: folder + "/controller.log"}
	server, authority := s.Cluster.Config.Host, s.Cluster.Config.CAData
	if proxy != nil {
		server, authority = proxy.address()
	}
	s.must(s.Cluster.writeKubeconfig(p.config, server, authority))
	s.allowLease()
	s.T.Cleanup(p.Kill)
	return p
}

// The chart grants the Lease in its own namespace alone.
func (s *Story) allowLease() {
	s.T.Helper()
	meta := metav1.ObjectMeta{Name: "lease-of-the-scenario"}
	role := &rbac.Role{ObjectMeta: meta, Rules: []rbac.PolicyRule{{
		APIGroups: []string{"coordination.k8s.io"}, Resources: []string{"leases"}, Verbs: []string{"create", "get", "update"},
	}}}
	_, err := s.Cluster.Typed.RbacV1().Roles(s.Namespace).Create(context.Background(), role, metav1.CreateOptions{})
	s.must(err)
	binding := &rbac.RoleBinding{ObjectMeta: meta,
		RoleRef:  rbac.RoleRef{APIGroup: rbac.GroupName, Kind: "Role", Name: meta.Name},
		Subjects: []rbac.Subject{{Kind: "ServiceAccount", Namespace: systemNamespace, Name: release}},
	}
	_, err = s.Cluster.Typed.RbacV1().RoleBindings(s.Namespace).Create(context.Background(), binding, metav1.CreateOptions{})
	s.must(err)
}

// Start runs it. Every start has the same identity, so that the next takes the Lease of the one that was killed at once.
func (p *Process) Start() {
	p.story.T.Helper()
	log, err := os.OpenFile(p.logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	p.story.must(err)
	defer log.Close()
	before, err := log.Stat()
	p.story.must(err)
	// Which port is free only who binds it knows.
	flags := append([]string{"--kubeconfig", p.config, "--namespaces", p.story.Namespace, "--listen", "127.0.0.1:0",
		"--lease-namespace", p.story.Namespace, "--lease-name", lease, "--identity", "scenario", "--log-level", "debug"}, p.flags...)
	command := exec.Command(p.story.Cluster.binary(), flags...)
	command.Stdout, command.Stderr = log, log
	// It must not outlive a test binary that was killed.
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	p.story.must(command.Start())
	p.lock.Lock()
	defer p.lock.Unlock()
	ended := make(chan struct{})
	p.command, p.ended, p.logFrom = command, ended, before.Size()
	go func() {
		// How it ended is in ProcessState.
		_ = command.Wait()
		close(ended)
	}()
}

// Kill ends it by SIGKILL and waits until it is dead.
func (p *Process) Kill() {
	p.lock.Lock()
	defer p.lock.Unlock()
	if p.command == nil {
		return
	}
	// It may be dead already.
	_ = p.command.Process.Kill()
	<-p.ended
	p.command = nil
}

// TellToStop sends SIGTERM.
func (p *Process) TellToStop() {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.told = time.Now()
	// Whether it was still there is seen by how it ended.
	_ = p.command.Process.Signal(syscall.SIGTERM)
}

// Stopped waits until it has ended after it was told to, and says how, and after how long.
func (p *Process) Stopped() (exitCode int, took time.Duration) {
	p.lock.Lock()
	defer p.lock.Unlock()
	select {
	case <-p.ended:
	case <-time.After(patience):
		_ = p.command.Process.Kill()
		<-p.ended
	}
	took = time.Since(p.told)
	exitCode = p.command.ProcessState.ExitCode()
	p.command = nil
	return exitCode, took
}

// Ready waits until it has seen everything once.
func (p *Process) Ready() {
	p.story.T.Helper()
	p.story.eventually("the controller is ready", func(ctx context.Context) (bool, string) {
		address := p.address()
		if address == "" {
			return false, "it does not listen yet"
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/readyz", nil)
		if err != nil {
			return false, err.Error()
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return false, err.Error()
		}
		answer.Body.Close()
		return answer.StatusCode == http.StatusOK, answer.Status
	})
}

// Where this start of it listens, which its log says; empty until it does.
func (p *Process) address() string {
	p.lock.Lock()
	defer p.lock.Unlock()
	log, err := os.ReadFile(p.logFile)
	if err != nil || int64(len(log)) < p.logFrom {
		return ""
	}
	for line := range strings.Lines(string(log[p.logFrom:])) {
		var entry struct {
			Message string `json:"msg"`
			Port    int    `json:"port"`
		}
		if json.Unmarshal([]byte(line), &entry) == nil && entry.Message == "listening" {
			return fmt.Sprintf("127.0.0.1:%d", entry.Port)
		}
	}
	return ""
}

// Lease is the one that it works under.
func (p *Process) Lease() *coordination.Lease {
	p.story.T.Helper()
	found, err := p.story.Cluster.Typed.CoordinationV1().Leases(p.story.Namespace).Get(context.Background(), lease, metav1.GetOptions{})
	p.story.must(err)
	return found
}

func (c *Cluster) binary() string {
	if c.install.outside != "" {
		return c.install.outside
	}
	return binaryPath(c.Project)
}
