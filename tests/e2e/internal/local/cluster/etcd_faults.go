// Faults of etcd: its data are those of an earlier time, or its space is used up.
package cluster

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"time"
)

// SaveEtcd copies the data of etcd into a folder that must not exist. etcd is stopped meanwhile,
// and the API server waits for it.
func (c *Cluster) SaveEtcd(folder string) error {
	if err := c.KillComponent(etcd); err != nil {
		return err
	}
	copied := copyFolder(c.Path("etcd"), folder)
	return errors.Join(copied, c.startEtcd(c.command(etcd).Args))
}

// RestoreEtcd replaces the data of etcd by those of SaveEtcd, so that the versions of all objects
// decrease. It restarts all components that watch objects, as an administrator has to do.
func (c *Cluster) RestoreEtcd(folder string) error {
	watching := []string{kubelet, kubeProxy, coreDNS, scheduler, controllerManager}
	for _, name := range append(watching, apiServer, etcd) {
		if err := c.KillComponent(name); err != nil {
			return err
		}
	}
	if err := os.RemoveAll(c.Path("etcd")); err != nil {
		return err
	}
	if err := copyFolder(folder, c.Path("etcd")); err != nil {
		return err
	}
	if err := c.startEtcd(c.command(etcd).Args); err != nil {
		return err
	}
	if err := c.StartAPIServer(); err != nil {
		return err
	}
	for _, name := range watching {
		if err := c.StartComponent(name); err != nil {
			return err
		}
	}
	api, err := c.client()
	if err != nil {
		return err
	}
	for _, step := range api.milestones() {
		if err := c.await(step.component, step.what, time.Minute, step.check); err != nil {
			return err
		}
	}
	return nil
}

// copyFolder keeps holes in files and permissions, which etcd checks.
func copyFolder(from, to string) error {
	out, err := exec.Command("cp", "--archive", "--sparse=always", from, to).CombinedOutput()
	if err != nil {
		return fmt.Errorf("cannot copy %s to %s: %w: %s", from, to, err, out)
	}
	return nil
}

// startEtcd starts etcd with these arguments and waits until it responds.
func (c *Cluster) startEtcd(arguments []string) error {
	command := c.command(etcd)
	command.Args = arguments
	if err := c.Processes.Start(command); err != nil {
		return err
	}
	return c.await(etcd, "etcd responds", 30*time.Second, func() error {
		_, err := c.etcdSize()
		return err
	})
}

// etcdSize returns the size of the database file.
func (c *Cluster) etcdSize() (int64, error) {
	var status struct{ DBSize string }
	if err := c.callEtcd("maintenance/status", struct{}{}, &status); err != nil {
		return 0, err
	}
	return strconv.ParseInt(status.DBSize, 10, 64)
}

// LimitEtcd restarts etcd with a quota that leaves this number of bytes. etcd rejects all writes
// except deletions from the moment at which they are used up, until FreeEtcd.
func (c *Cluster) LimitEtcd(free int64) error {
	size, err := c.etcdSize()
	if err != nil {
		return err
	}
	if err := c.KillComponent(etcd); err != nil {
		return err
	}
	return c.startEtcd(append(c.command(etcd).Args,
		fmt.Sprintf("--quota-backend-bytes=%d", size+free)))
}

// FreeEtcd restarts etcd without the quota, and ends its alarm.
func (c *Cluster) FreeEtcd() error {
	if err := c.KillComponent(etcd); err != nil {
		return err
	}
	if err := c.startEtcd(c.command(etcd).Args); err != nil {
		return err
	}
	if _, err := c.CompactEtcd(); err != nil {
		return err
	}
	if err := c.callEtcd("maintenance/defragment", struct{}{}, nil); err != nil {
		return err
	}
	return c.endEtcdAlarms()
}

// endEtcdAlarms names the member of each alarm: a request without it ends none.
func (c *Cluster) endEtcdAlarms() error {
	var raised struct {
		Alarms []struct{ MemberID, Alarm string }
	}
	const path = "maintenance/alarm"
	if err := c.callEtcd(path, map[string]any{"action": "GET"}, &raised); err != nil {
		return err
	}
	for _, alarm := range raised.Alarms {
		request := map[string]any{"action": "DEACTIVATE", "memberID": alarm.MemberID,
			"alarm": alarm.Alarm}
		if err := c.callEtcd(path, request, nil); err != nil {
			return err
		}
	}
	return nil
}
