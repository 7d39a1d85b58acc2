// Down stops a cluster and removes it, also a broken cluster. Each step must also succeed if there
// is nothing left to do.
package cluster

import (
	"errors"
	"os"
	"time"

	"lastgood.dev/tests/e2e/internal/local/host"
	"lastgood.dev/tests/e2e/internal/local/layout"
)

// stopOrder has the components in the order in which they are stopped, each with its grace time
// after SIGTERM. An API server hangs on SIGTERM if etcd has ended before it, and a controller hangs
// if the API server has ended before it.
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

// Down removes the cluster. It returns nil if no cluster exists.
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
	if err := c.removeAllExceptFiles(); err != nil {
		return err
	}
	return os.RemoveAll(c.Dir)
}

// removeAllExceptFiles stops all processes and removes everything outside the state directory and
// all mounts in it. The files in the state directory remain.
func (c *Cluster) removeAllExceptFiles() error {
	if err := c.RemoveNodes(); err != nil {
		return err
	}
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
	leftovers := host.Leftovers{
		ContainerdState: c.Path("containerd", "state"),
		PodLogs:         c.Path("pod-logs"),
		Network:         layout.CNINetwork,
		AbsentBefore:    state.AbsentBefore,
	}
	return errors.Join(leftovers.Remove(), state.Restore(), c.network().Remove())
}

// stopContainers kills the shims before the containers. A shim would otherwise report the end of
// its container to a containerd that has ended. KillDescendantsOf finds only the shims here,
// because containers do not count as descendants.
func (c *Cluster) stopContainers() error {
	if err := c.Processes.KillDescendantsOf(containerd); err != nil {
		return err
	}
	return c.cgroup().Remove()
}
