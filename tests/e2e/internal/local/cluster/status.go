// The status of the cluster, and commands for single components.
package cluster

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"lastgood.dev/tests/e2e/internal/local/layout"
)

// Status prints the components with their PIDs. The error is the reason why the cluster cannot be
// used.
func (c *Cluster) Status() error {
	if err := c.refuseOtherCluster(); err != nil {
		return err
	}
	stopped := c.stoppedComponents()
	if len(stopped) == len(componentNames) {
		if c.Exists() {
			return fmt.Errorf("the cluster in %s is not running, but some of its resources exist; "+
				"run ./dev cluster up or ./dev cluster down", c.Dir)
		}
		return errors.New("no local cluster is running")
	}
	for _, name := range componentNames {
		if pid := c.Processes.PID(name); pid != 0 {
			c.say("%-24s process %d", name, pid)
		} else {
			c.say("%-24s not running; log: %s", name, c.Log(name))
		}
	}
	if len(stopped) > 0 {
		return fmt.Errorf("the cluster is incomplete: %s not running; run ./dev cluster up",
			strings.Join(stopped, ", "))
	}
	api, err := c.client()
	if err != nil {
		return err
	}
	for _, step := range api.milestones() {
		if err := step.check(); err != nil {
			return fmt.Errorf("the cluster is not ready; waiting for: %s: %w", step.what, err)
		}
	}
	c.say("Kubernetes %s is ready: KUBECONFIG=%s", layout.Version, c.Kubeconfig())
	return nil
}

// KillComponent kills a component by SIGKILL, like a crash.
func (c *Cluster) KillComponent(name string) error {
	if err := requireComponent(name); err != nil {
		return err
	}
	return c.Processes.Stop(name, 0)
}

// StartComponent starts a component again with the same arguments.
func (c *Cluster) StartComponent(name string) error {
	if err := requireComponent(name); err != nil {
		return err
	}
	return c.Processes.StartAgain(name)
}

// StopAPIServer kills the API server.
func (c *Cluster) StopAPIServer() error { return c.KillComponent(apiServer) }

// StartAPIServer starts the API server again and waits until it is ready.
func (c *Cluster) StartAPIServer() error {
	if err := c.StartComponent(apiServer); err != nil {
		return err
	}
	api, err := c.client()
	if err != nil {
		return err
	}
	return c.await(apiServer, "the API server is ready", 2*time.Minute, api.apiServerReady)
}

// RestartAPIServer kills the API server, starts it again and waits until it is ready.
func (c *Cluster) RestartAPIServer() error {
	if err := c.StopAPIServer(); err != nil {
		return err
	}
	return c.StartAPIServer()
}

// ReplaceAPIServer terminates the API server, as an upgrade does, starts it again and waits until
// it is ready. Unlike a killed one, it responds to all its requests and logs them.
func (c *Cluster) ReplaceAPIServer() error {
	const grace = 20 * time.Second
	if err := c.Processes.Stop(apiServer, grace); err != nil {
		return err
	}
	return c.StartAPIServer()
}
