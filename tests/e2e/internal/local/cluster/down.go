// Taking a cluster down, whole or in ruins, without a trace. Each step must work when the ones before it have been done already.
package cluster

import (
	"errors"
	"os"
	"time"

	"lastgood.dev/tests/e2e/internal/local/host"
	"lastgood.dev/tests/e2e/internal/local/layout"
)

// How long each component may take to end by itself, in the order in which they must. What containers there are is killed when
// containerd is gone; an API server whose store is gone, or a controller whose API server is, would hang.
var stopOrder = []struct {
	name  string
	grace time.Duration
}{
	{kubeProxy, 2 * time.Second}, {coreDNS, time.Second}, {kubelet, 2 * time.Second}, {containerd, 3 * time.Second},
	{scheduler, time.Second}, {controllerManager, time.Second}, {apiServer, 3 * time.Second}, {etcd, 3 * time.Second},
}

// Down removes the cluster. That there is none is fine.
func (c *Cluster) Down() error {
	if err := requireRoot(); err != nil {
		return err
	}
	unlock, err := lock(layout.LockFile, "down")
	if err != nil {
		return err
	}
	defer unlock()
	if err := errors.Join(c.refuseStranger(), c.refuseForeignDirectory()); err != nil {
		return err
	}
	if !c.Exists() && len(c.Processes.Descendants()) == 0 {
		c.say("No cluster is up: nothing to remove.")
		return nil
	}
	started := time.Now()
	if err := c.remove(); err != nil {
		return err
	}
	c.say("The cluster is down, without a trace, after %.1f s.", time.Since(started).Seconds())
	return nil
}

func (c *Cluster) remove() error {
	if err := c.stopEverything(); err != nil {
		return err
	}
	return os.RemoveAll(c.Dir)
}

// stopEverything leaves nothing but files.
func (c *Cluster) stopEverything() error {
	for _, one := range stopOrder {
		if err := c.Processes.Stop(one.name, one.grace); err != nil {
			return err
		}
		if one.name == containerd {
			if err := c.stopContainers(); err != nil {
				return err
			}
		}
	}
	if err := c.Processes.KillRest(); err != nil {
		return err
	}
	if err := host.Unmount(c.Dir); err != nil {
		return err
	}
	state := host.Recall(c.Path("host.json"))
	outside := host.Outside{
		ContainerdState: c.Path("containerd", "state"), PodLogs: c.Path("pod-logs"), Network: layout.CNINetwork, Absent: state.Absent,
	}
	return errors.Join(outside.Remove(), state.Restore(), c.network().Remove())
}

// Shims go before containers, or they would report each end to a containerd that is gone; they are the only descendants of
// containerd that outlive it.
func (c *Cluster) stopContainers() error {
	if err := c.Processes.KillDescendantsOf(containerd); err != nil {
		return err
	}
	return c.cgroup().Remove()
}
