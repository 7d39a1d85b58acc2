// Extra nodes: scenarios add a node to stop it, to cordon it, or to see where pods run. A node has
// its own kubelet and its own containerd, because a kubelet kills the pods of another kubelet. The
// nodes share the bridge, kube-proxy and the control plane.
package cluster

import (
	"errors"
	"fmt"
	"os"
	"time"

	"lastgood.dev/tests/e2e/internal/local/host"
	"lastgood.dev/tests/e2e/internal/local/layout"
	"lastgood.dev/tests/e2e/internal/local/pki"
	"lastgood.dev/tests/e2e/internal/local/process"
)

// nodeFiles are the configuration files of a node.
var nodeFiles = []string{"containerd.toml", "hosts.toml", "cni.conflist", "kubelet.yaml"}

// AddNode starts an extra node and waits until it is ready. The node has a taint, so that only pods
// that tolerate it run there.
func (c *Cluster) AddNode() (layout.ExtraNode, error) {
	node, err := c.claimNode()
	if err != nil {
		return node, err
	}
	if err := c.startNode(node); err != nil {
		return node, errors.Join(fmt.Errorf("cannot start node %s: %w", node.Name(), err),
			c.RemoveNode(node))
	}
	return node, nil
}

// claimNode creates the state directory of the first node that does not exist.
func (c *Cluster) claimNode() (layout.ExtraNode, error) {
	for number := layout.FirstExtraNode; number <= layout.LastExtraNode; number++ {
		node := c.ExtraNode(number)
		err := os.Mkdir(node.Dir, 0o755)
		if err == nil {
			return node, nil
		}
		if !errors.Is(err, os.ErrExist) {
			return node, err
		}
	}
	return layout.ExtraNode{}, fmt.Errorf("the cluster has %d extra nodes; remove one first",
		layout.LastExtraNode-layout.FirstExtraNode+1)
}

func (c *Cluster) startNode(node layout.ExtraNode) error {
	if err := c.writeNodeFiles(node); err != nil {
		return err
	}
	err := errors.Join(cgroupOf(node).Create(), c.network().AddAddress(node.Address()))
	if err != nil {
		return err
	}
	if err := c.Processes.Start(c.nodeCommand(node, containerd)); err != nil {
		return err
	}
	runtime := node.Component(containerd)
	err = c.await(runtime, "containerd is ready", 30*time.Second, func() error {
		_, err := ctr(node.ContainerdSocket(), "version")
		return err
	})
	if err != nil {
		return err
	}
	if err := c.loadOwnImages(node.ContainerdSocket()); err != nil {
		return err
	}
	if err := c.Processes.Start(c.nodeCommand(node, kubelet)); err != nil {
		return err
	}
	api, err := c.client()
	if err != nil {
		return err
	}
	return c.await(node.Component(kubelet), "the node is ready", time.Minute, func() error {
		return api.nodeReady(node.Name())
	})
}

func (c *Cluster) writeNodeFiles(node layout.ExtraNode) error {
	for _, dir := range []string{"config", "run", "pki", "pod-logs"} {
		if err := os.MkdirAll(node.Path(dir), 0o755); err != nil {
			return err
		}
	}
	values := c.configurationValues()
	values.Layout = node.Layout
	values.NodeName, values.NodeAddress = node.Name(), node.Address()
	values.CgroupRoot, values.Taint = node.CgroupRoot(), layout.ExtraNodeTaint
	for _, name := range nodeFiles {
		if err := render(name, node.Path(configurationFiles[name]), values); err != nil {
			return err
		}
	}
	return c.writeNodeCredentials(node)
}

func (c *Cluster) writeNodeCredentials(node layout.ExtraNode) error {
	stored, err := pki.ReadIdentity(c.Cert("ca"), c.Key("ca"))
	if err != nil {
		return err
	}
	authority, err := pki.LoadAuthority(stored)
	if err != nil {
		return err
	}
	user := "system:node:" + node.Name()
	identity, err := authority.Issue(user, []string{"system:nodes"}, node.Name(), node.Address())
	if err != nil {
		return err
	}
	kubeconfig := pki.Kubeconfig(serverURL(), authority.CertificatePEM, user, identity)
	return errors.Join(identity.Write(node.Cert(kubelet), node.Key(kubelet)),
		os.WriteFile(node.Cert("ca"), authority.CertificatePEM, 0o644),
		os.WriteFile(node.ComponentKubeconfig(kubelet), kubeconfig, 0o600))
}

func (c *Cluster) nodeCommand(node layout.ExtraNode, component string) process.Command {
	command := process.Command{
		Name: node.Component(component),
		Path: c.Program(),
		// The first word of the arguments chooses the program of Kubernetes.
		Args: append([]string{component},
			kubeletArguments(node.Layout, node.Name(), node.Address())...),
		Env: environment(component),
		Log: c.Log(node.Component(component)),
	}
	if component == containerd {
		command.Path, command.Args = pathOf(containerd), containerdArguments(node.Layout)
	}
	return command
}

// KillNode stops a node as a power failure does: its network fails, and all its processes are
// killed. The Node object remains.
func (c *Cluster) KillNode(node layout.ExtraNode) error {
	return errors.Join(
		host.DisconnectPods(layout.CNINetwork, node.Path("containerd", "state")),
		c.Processes.Stop(node.Component(kubelet), 0),
		c.Processes.KillDescendantsOf(node.Component(containerd)),
		cgroupOf(node).Remove(),
		c.network().RemoveAddress(node.Address()))
}

// RemoveNode kills a node and removes everything that AddNode has created. The Node object is also
// deleted. It returns nil if the node does not exist.
func (c *Cluster) RemoveNode(node layout.ExtraNode) error {
	if err := c.KillNode(node); err != nil {
		return err
	}
	if api, err := c.client(); err == nil && c.Processes.Alive(apiServer) {
		if err := api.deleteNode(node.Name()); err != nil {
			return err
		}
	}
	if err := host.Unmount(node.Dir); err != nil {
		return err
	}
	leftovers := host.Leftovers{
		ContainerdState: node.Path("containerd", "state"),
		PodLogs:         node.Path("pod-logs"),
	}
	return errors.Join(leftovers.Remove(), c.Processes.Forget(node.Component(kubelet)),
		c.Processes.Forget(node.Component(containerd)), os.RemoveAll(node.Dir))
}

// RemoveNodes removes all extra nodes.
func (c *Cluster) RemoveNodes() error {
	var failures []error
	for number := layout.FirstExtraNode; number <= layout.LastExtraNode; number++ {
		node := c.ExtraNode(number)
		if _, err := os.Stat(node.Dir); err == nil {
			failures = append(failures, c.RemoveNode(node))
		}
	}
	return errors.Join(failures...)
}

func cgroupOf(node layout.ExtraNode) host.Cgroup { return host.Cgroup{Name: node.CgroupRoot()} }
