// Package cluster starts and stops a Kubernetes cluster on this machine. It contains the sequence
// of steps. Package host changes the machine, and package process runs the components of
// Kubernetes. The arguments of the components are in components.go, and their configurations in
// files/.
package cluster

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"lastgood.dev/tests/e2e/internal/local/host"
	"lastgood.dev/tests/e2e/internal/local/layout"
	"lastgood.dev/tests/e2e/internal/local/process"
)

// Cluster is the local cluster in one state directory.
type Cluster struct {
	layout.Layout
	Processes *process.Table
	// Out receives the progress messages.
	Out io.Writer
}

// Programs are the binaries that the cluster is made of.
type Programs struct {
	// Kubernetes contains all programs of Kubernetes.
	Kubernetes string
	// Pause and DemoApp are the programs in the images of the same name.
	Pause, DemoApp string
}

// Open returns the cluster of a state directory, which need not exist yet.
func Open(dir string, out io.Writer) (*Cluster, error) {
	where, err := layout.New(dir)
	if err != nil {
		return nil, err
	}
	return &Cluster{
		Layout:    where,
		Processes: process.NewTable(where.Dir, where.Path("run")),
		Out:       out,
	}, nil
}

func (c *Cluster) network() host.Network {
	return host.Network{
		Bridge:   layout.Bridge,
		Address:  layout.NodeCIDR,
		PodRange: layout.PodRange,
		NATTable: layout.NATTable,
		Owner:    c.Dir,
	}
}

func (c *Cluster) cgroup() host.Cgroup { return host.Cgroup{Name: layout.CgroupRoot} }

// say prints a progress message.
func (c *Cluster) say(format string, values ...any) { fmt.Fprintf(c.Out, format+"\n", values...) }

// Exists reports whether anything of this cluster exists, running or not.
func (c *Cluster) Exists() bool {
	_, err := os.Stat(c.Marker())
	return err == nil || c.network().CurrentOwner() == c.Dir
}

// stoppedComponents returns the names of the components that do not run.
func (c *Cluster) stoppedComponents() []string {
	var names []string
	for _, name := range componentNames {
		if !c.Processes.Alive(name) {
			names = append(names, name)
		}
	}
	return names
}

// refuseOtherCluster returns an error if the cluster of another state directory exists. Both would
// use the same bridge and ports.
func (c *Cluster) refuseOtherCluster() error {
	owner := c.network().CurrentOwner()
	if owner == "" || owner == c.Dir {
		return nil
	}
	return fmt.Errorf("this machine already runs a local cluster in %[1]s; stop it first: "+
		"LASTGOOD_CLUSTER_DIR=%[1]s ./dev cluster down", owner)
}

// refuseForeignDirectory returns an error if the state directory has files that no cluster created.
// Down would delete them.
func (c *Cluster) refuseForeignDirectory() error {
	if _, err := os.Stat(c.Marker()); err == nil {
		return nil
	}
	entries, err := os.ReadDir(c.Dir)
	if errors.Is(err, fs.ErrNotExist) || (err == nil && len(entries) == 0) {
		return nil
	}
	if err != nil {
		return err
	}
	return fmt.Errorf(
		"%s has files that no cluster created, such as %s; choose an empty state directory",
		c.Dir, entries[0].Name())
}

func requireRoot() error {
	if os.Geteuid() != 0 {
		return errors.New("a local cluster needs root, to create a bridge, mounts and containers")
	}
	return nil
}

func requireTools() error {
	if missing := host.MissingPackages(); len(missing) > 0 {
		return fmt.Errorf("programs are missing; install the Debian packages: %s",
			strings.Join(missing, " "))
	}
	for _, plugin := range []string{"bridge", "host-local", "loopback"} {
		if _, err := os.Stat("/usr/lib/cni/" + plugin); err != nil {
			return errors.New("CNI plugins are missing; " +
				"install the Debian package containernetworking-plugins")
		}
	}
	return nil
}

func neededPorts() []host.Port {
	port := func(component, network, address string, number int) host.Port {
		return host.Port{
			Component: component,
			Network:   network,
			Address:   fmt.Sprintf("%s:%d", address, number),
		}
	}
	const local, node = "127.0.0.1", layout.NodeAddress
	return []host.Port{
		port("kube-apiserver", "tcp", node, layout.APIServerPort),
		port("etcd", "tcp", local, layout.EtcdPort),
		port("etcd", "tcp", local, layout.EtcdPeerPort),
		port("kubelet", "tcp", node, layout.KubeletPort),
		port("kubelet", "tcp", node, layout.KubeletHealthPort),
		port("kube-proxy", "tcp", local, layout.ProxyHealthPort),
		port("kube-proxy", "tcp", local, layout.ProxyMetricsPort),
		port("kube-controller-manager", "tcp", local, layout.ControllerManagerPort),
		port("kube-scheduler", "tcp", local, layout.SchedulerPort),
		port("coredns", "tcp", node, layout.DNSPort),
		port("coredns", "udp", node, layout.DNSPort),
		port("coredns", "tcp", local, layout.DNSReadyPort),
	}
}
