// What runs and what does not, and the commands on a single component.
package cluster

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"lastgood.dev/tests/e2e/internal/local/layout"
)

// Status tells what runs; the error says why the cluster cannot be used.
func (c *Cluster) Status() error {
	if err := c.refuseStranger(); err != nil {
		return err
	}
	down := c.down()
	if len(down) == len(componentNames) {
		if c.Exists() {
			return fmt.Errorf("the cluster in %s does not run, but has left something behind; up starts it anew, down removes it", c.Dir)
		}
		return errors.New("no cluster is up")
	}
	for _, name := range componentNames {
		if pid := c.Processes.PID(name); pid != 0 {
			c.say("%-24s process %d", name, pid)
		} else {
			c.say("%-24s does not run; its log: %s", name, c.Log(name))
		}
	}
	if len(down) > 0 {
		return fmt.Errorf("the cluster is broken: %s not running; up starts it from nothing", strings.Join(down, ", "))
	}
	api, err := c.client()
	if err != nil {
		return err
	}
	for _, step := range api.milestones() {
		if err := step.check(); err != nil {
			return fmt.Errorf("the cluster is not ready: %s has not happened: %w", step.what, err)
		}
	}
	c.say("Kubernetes %s is ready: KUBECONFIG=%s", layout.Version, c.Kubeconfig())
	return nil
}

// KillComponent ends a component as a crash would.
func (c *Cluster) KillComponent(name string) error {
	if err := isComponent(name); err != nil {
		return err
	}
	return c.Processes.Stop(name, 0)
}

// StartComponent starts one again as it was.
func (c *Cluster) StartComponent(name string) error {
	if err := isComponent(name); err != nil {
		return err
	}
	return c.Processes.StartAgain(name)
}

// StopAPIServer kills the API server.
func (c *Cluster) StopAPIServer() error { return c.KillComponent(apiServer) }

// StartAPIServer starts it again and waits until it is ready.
func (c *Cluster) StartAPIServer() error {
	if err := c.StartComponent(apiServer); err != nil {
		return err
	}
	api, err := c.client()
	if err != nil {
		return err
	}
	return c.await(apiServer, "the API server becoming ready", time.Minute, api.apiServerReady)
}

// RestartAPIServer kills the API server and starts it again at once.
func (c *Cluster) RestartAPIServer() error {
	if err := c.StopAPIServer(); err != nil {
		return err
	}
	return c.StartAPIServer()
}
