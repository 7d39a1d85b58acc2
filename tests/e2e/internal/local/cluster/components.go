// The components and their arguments. This file must not start a component.
package cluster

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"lastgood.dev/tests/e2e/internal/local/layout"
	"lastgood.dev/tests/e2e/internal/local/process"
)

const (
	etcd              = "etcd"
	apiServer         = "kube-apiserver"
	controllerManager = "kube-controller-manager"
	scheduler         = "kube-scheduler"
	containerd        = "containerd"
	kubelet           = "kubelet"
	kubeProxy         = "kube-proxy"
	coreDNS           = "coredns"
)

// componentNames are in the order in which the components are started.
var componentNames = []string{
	etcd, containerd, apiServer, controllerManager, scheduler, kubelet, kubeProxy, coreDNS,
}

func (c *Cluster) command(name string) process.Command {
	command := process.Command{
		Name: name,
		Path: c.Program(),
		Args: c.arguments(name),
		Env:  environment(name),
		Log:  c.Log(name),
	}
	if name == containerd {
		command.Path = pathOf(containerd)
	}
	return command
}

// environment returns only the variables that a component needs, so that the caller's environment
// does not change the cluster. Only containerd uses a proxy, because only it pulls images.
func environment(name string) []string {
	variables := []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
	if name != containerd {
		return variables
	}
	for _, proxy := range []string{
		"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
	} {
		if value, set := os.LookupEnv(proxy); set {
			variables = append(variables, proxy+"="+value)
		}
	}
	return variables
}

// pathOf returns the path of a program, or its name if PATH has no such program.
func pathOf(program string) string {
	if path, err := exec.LookPath(program); err == nil {
		return path
	}
	return program
}

func (c *Cluster) arguments(name string) []string {
	switch name {
	case etcd:
		return c.etcdArguments()
	case apiServer:
		return c.apiServerArguments()
	case controllerManager:
		return c.controllerManagerArguments()
	case containerd:
		return containerdArguments(c.Layout)
	case scheduler:
		kubeconfig := c.ComponentKubeconfig(scheduler)
		return []string{
			"--config=" + c.Path("config", "kube-scheduler.yaml"),
			"--bind-address=127.0.0.1",
			fmt.Sprintf("--secure-port=%d", layout.SchedulerPort),
			"--authentication-kubeconfig=" + kubeconfig,
			"--authorization-kubeconfig=" + kubeconfig,
		}
	case kubelet:
		return kubeletArguments(c.Layout, layout.NodeName, layout.NodeAddress)
	case kubeProxy:
		return []string{"--config=" + c.Path("config", "kube-proxy.yaml")}
	case coreDNS:
		return []string{"-conf", c.Path("config", "Corefile")}
	}
	panic("unknown component: " + name)
}

// containerdArguments returns the arguments for a node with this state directory.
func containerdArguments(node layout.Layout) []string {
	return []string{"--config", node.Path("config", "containerd.toml"), "--log-level", "warn"}
}

// kubeletArguments returns the arguments for a node with this state directory.
func kubeletArguments(node layout.Layout, name, address string) []string {
	return []string{
		"--config=" + node.Path("config", "kubelet.yaml"),
		"--kubeconfig=" + node.ComponentKubeconfig(kubelet),
		"--hostname-override=" + name,
		"--node-ip=" + address,
		"--root-dir=" + node.Path("kubelet"),
		"--cert-dir=" + node.Path("pki", "kubelet"),
	}
}

func (c *Cluster) etcdArguments() []string {
	client := fmt.Sprintf("https://127.0.0.1:%d", layout.EtcdPort)
	peer := fmt.Sprintf("http://127.0.0.1:%d", layout.EtcdPeerPort)
	return []string{
		"--name=lastgood",
		"--data-dir=" + c.Path("etcd"),
		"--log-level=warn",
		"--listen-client-urls=" + client,
		"--advertise-client-urls=" + client,
		"--listen-peer-urls=" + peer,
		"--initial-advertise-peer-urls=" + peer,
		"--initial-cluster=lastgood=" + peer,
		"--cert-file=" + c.Cert(etcd),
		"--key-file=" + c.Key(etcd),
		"--trusted-ca-file=" + c.Cert("ca"),
		"--client-cert-auth",
		// The data is deleted with the cluster, so it does not have to survive a power failure.
		"--unsafe-no-fsync",
	}
}

func (c *Cluster) apiServerArguments() []string {
	return []string{
		"--bind-address=" + layout.NodeAddress,
		"--advertise-address=" + layout.NodeAddress,
		fmt.Sprintf("--secure-port=%d", layout.APIServerPort),
		"--tls-cert-file=" + c.Cert(apiServer),
		"--tls-private-key-file=" + c.Key(apiServer),
		"--client-ca-file=" + c.Cert("ca"),
		"--cert-dir=" + c.Path("pki", apiServer),
		fmt.Sprintf("--etcd-servers=https://127.0.0.1:%d", layout.EtcdPort),
		"--etcd-cafile=" + c.Cert("ca"),
		"--etcd-certfile=" + c.Cert("etcd-client"),
		"--etcd-keyfile=" + c.Key("etcd-client"),
		"--kubelet-certificate-authority=" + c.Cert("ca"),
		"--kubelet-preferred-address-types=InternalIP",
		"--kubelet-client-certificate=" + c.Cert("kubelet-client"),
		"--kubelet-client-key=" + c.Key("kubelet-client"),
		"--authorization-mode=Node,RBAC",
		"--enable-admission-plugins=NodeRestriction",
		"--allow-privileged=true",
		"--service-cluster-ip-range=" + layout.ServiceRange,
		"--service-account-issuer=https://kubernetes.default.svc." + layout.ClusterDomain,
		"--service-account-key-file=" + c.Path("pki", "service-accounts.pub"),
		"--service-account-signing-key-file=" + c.Key("service-accounts"),
		"--audit-policy-file=" + c.Path("config", "audit-policy.yaml"),
		"--audit-log-path=" + c.AuditLog(),
		"--audit-log-maxsize=1024",
		"--audit-log-maxbackup=1",
	}
}

func (c *Cluster) controllerManagerArguments() []string {
	kubeconfig := c.ComponentKubeconfig(controllerManager)
	return []string{
		"--kubeconfig=" + kubeconfig,
		"--authentication-kubeconfig=" + kubeconfig,
		"--authorization-kubeconfig=" + kubeconfig,
		"--bind-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", layout.ControllerManagerPort),
		"--cert-dir=" + c.Path("pki", controllerManager),
		"--leader-elect=false",
		"--use-service-account-credentials",
		"--flex-volume-plugin-dir=" + c.Path("kubelet", "volume-plugins"),
		"--service-account-private-key-file=" + c.Key("service-accounts"),
		"--root-ca-file=" + c.Cert("ca"),
		"--cluster-signing-cert-file=" + c.Cert("ca"),
		"--cluster-signing-key-file=" + c.Key("ca"),
		// The controllers of Kubernetes must keep up with many parallel scenarios.
		"--kube-api-qps=200",
		"--kube-api-burst=400",
	}
}

// requireComponent returns an error if no component has this name.
func requireComponent(name string) error {
	if slices.Contains(componentNames, name) {
		return nil
	}
	return fmt.Errorf("unknown component %q; the components are %s",
		name, strings.Join(componentNames, ", "))
}
