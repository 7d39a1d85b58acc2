package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"lastgood.dev/tests/e2e/internal/usage"
)

const (
	scaleLease = "lastgood-bench"
	// readyInterval is the precision of the first sync.
	readyInterval = 5 * time.Millisecond
)

// controller is a process of Lastgood outside the cluster, with its own Lease.
type controller struct {
	usage.Process
	command *exec.Cmd
	started time.Time
	log     string
	ended   chan struct{}
	address string
	// cgroup limits the memory. It may be nil.
	cgroup *memoryCgroup
}

// startController starts a controller. The breaker and the rule of the shared cause are off:
// the bench makes many Deployments fail together.
func (s *scale) startController(identity string) (*controller, error) {
	s.started++
	log := filepath.Join(s.folder, fmt.Sprintf("controller-%d.log", s.started))
	output, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	defer output.Close()
	c := &controller{log: log, ended: make(chan struct{})}
	arguments, err := s.inCgroup(c, s.program, []string{"--kubeconfig", s.kubeconfig,
		"--listen", "127.0.0.1:0", "--lease-namespace", s.bench.namespace, "--lease-name", scaleLease,
		"--identity", identity, "--breaker-rollbacks", "0", "--shared-cause-deployments", "0"})
	if err != nil {
		return nil, err
	}
	command := exec.Command(arguments[0], arguments[1:]...)
	command.Stdout, command.Stderr = output, output
	// The controller must not outlive the bench.
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	c.command, c.started = command, time.Now()
	if err := command.Start(); err != nil {
		return nil, err
	}
	c.Process = usage.Process{PID: command.Process.Pid}
	go func() {
		// The exit code is not used.
		_ = command.Wait()
		close(c.ended)
	}()
	return c, nil
}

// stop sends a signal and waits for the end of the process.
func (c *controller) stop(signal syscall.Signal) {
	if c == nil {
		return
	}
	_ = c.command.Process.Signal(signal)
	select {
	case <-c.ended:
	case <-time.After(30 * time.Second):
		_ = c.command.Process.Kill()
		<-c.ended
	}
}

// awaitReady waits until /readyz is 200, and returns the time since the start of the process.
func (c *controller) awaitReady(ctx context.Context) (time.Duration, error) {
	const limit = 2 * time.Minute
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		if c.address == "" {
			if log, err := os.ReadFile(c.log); err == nil {
				c.address = addressInLog(string(log))
			}
		}
		if c.address != "" {
			if _, err := c.get(ctx, "/readyz"); err == nil {
				return time.Since(c.started), nil
			}
		}
		select {
		case <-ctx.Done():
			return 0, fmt.Errorf("the controller is not ready: %w; %s", ctx.Err(), c.log)
		case <-c.ended:
			log, _ := os.ReadFile(c.log)
			return 0, fmt.Errorf("the controller has ended: %s", log)
		case <-time.After(readyInterval):
		}
	}
}

// addressInLog returns the address in the log entry with the field "port", or "".
func addressInLog(log string) string {
	for line := range strings.Lines(log) {
		var entry struct {
			Port int `json:"port"`
		}
		if json.Unmarshal([]byte(line), &entry) == nil && entry.Port != 0 {
			return fmt.Sprintf("127.0.0.1:%d", entry.Port)
		}
	}
	return ""
}

// get returns the body of a page of the controller.
func (c *controller) get(ctx context.Context, path string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.address+path, nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = errors.New(path + ": " + response.Status)
	}
	return string(body), err
}

// metric returns the sum of all series of a metric.
func (c *controller) metric(ctx context.Context, name string) (float64, error) {
	text, err := c.get(ctx, "/metrics")
	return usage.SumOfSeries(text, name), err
}

// awaitSettled waits until the controller guards all Deployments, its work queue is empty and it
// sends few requests.
func (c *controller) awaitSettled(ctx context.Context, guarded int) error {
	const (
		limit    = 15 * time.Minute
		interval = 3 * time.Second
		few      = 4 // requests in a second
	)
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var before float64
	for {
		text, err := c.get(ctx, "/metrics")
		if err != nil {
			return err
		}
		requests := usage.SumOfSeries(text, "rest_client_requests_total")
		if int(usage.SumOfSeries(text, "lastgood_guarded_deployments")) >= guarded &&
			usage.SumOfSeries(text, "workqueue_depth") == 0 &&
			requests-before <= few*interval.Seconds() {
			return nil
		}
		before = requests
		if err := sleep(ctx, interval); err != nil {
			return fmt.Errorf("the controller does not come to rest: %w; log: %s", err, c.log)
		}
	}
}
