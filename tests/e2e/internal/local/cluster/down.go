// Down stops a cluster and removes it, also one that is broken. Each step must succeed when it was
// already done.
package cluster

import (
	"errors"
	"os"
	"time"

	"lastgood.dev/tests/e2e/internal/local/host"
	"lastgood.dev/tests/e2e/internal/local/layout"
)

// stopOrder has the grace time of each component after SIGTERM. An API server without etcd, or a
// controller without the API server, would hang. The containers are killed after containerd.
var stopOrder = []struct {
	name  string
	grace time.Duration
}{
	{kubeProxy, 2 * time.Second},
	{coreDNS, time.Second},
	{kubelet, 2 * time.Second},
	{containerd, 3 * time.Second},
	{scheduler, time.Second},
	{controllerManager, time.Second},
	{apiServer, 3 * time.Second},
	{etcd, 3 * time.Second},
}

// Down removes the cluster. It returns nil if there is none.
func (c *Cluster) Down() error {
	if err := requireRoot(); err != nil {
		return err
	}
	unlock, err := lock(layout.LockFile, "down")
	if err != nil {
		return err
	}
	defer unlock()
	if err := errors.Join(c.refuseOtherCluster(), c.refuseForeignDirectory()); err != nil {
		return err
	}
	if !c.Exists() && len(c.Processes.Descendants()) == 0 {
		c.say("No local cluster exists.")
		return nil
	}
	started := time.Now()
	if err := c.remove(); err != nil {
		return err
	}
	c.say("The local cluster was removed in %.1f s.", time.Since(started).Seconds())
	return nil
}

func (c *Cluster) remove() error {
	if err := c.stopEverything(); err != nil {
		return err
	}
	return os.RemoveAll(c.Dir)
}

// stopEverything removes everything but the files of the state directory.
func (c *Cluster) stopEverything() error {
	for _, component := range stopOrder {
		if err := c.Processes.Stop(component.name, component.grace); err != nil {
			return err
		}
		if component.name == containerd {
			if err := c.stopContainers(); err != nil {
				return err
			}
		}
	}
	if err := c.Processes.KillAll(); err != nil {
		return err
	}
	if err := host.Unmount(c.Dir); err != nil {
		return err
	}
	state := host.LoadState(c.Path("host.json"))
	outside := host.Outside{
		ContainerdState: c.Path("containerd", "state"),
		PodLogs:         c.Path("pod-logs"),
		Network:         layout.CNINetwork,
		Absent:          state.Absent,
	}
	return errors.Join(outside.Remove(), state.Restore(), c.network().Remove())
}

// stopContainers kills the shims before the containers. A shim would otherwise report the end of
// its container to a containerd that has ended. Shims are the only descendants of containerd that
// outlive it.
func (c *Cluster) stopContainers() error {
	if err := c.Processes.KillDescendantsOf(containerd); err != nil {
		return err
	}
	return c.cgroup().Remove()
}
