// The files that a cluster starts from: certificates, kubeconfigs, configurations.
package cluster

import (
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"text/template"

	"lastgood.dev/tests/e2e/internal/local/host"
	"lastgood.dev/tests/e2e/internal/local/layout"
	"lastgood.dev/tests/e2e/internal/local/pki"
)

//go:embed files
var files embed.FS

// Everything that a configuration file may name.
type configuration struct {
	layout.Layout
	Bridge, NodeName, NodeAddress, PodRange, ClusterDomain, CgroupRoot, CNINetwork, PauseImage, Snapshotter string

	KubeletPort, KubeletHealth, ProxyHealth, ProxyMetrics, DNSPort, DNSReadyPort int
}

// Where each configuration file goes, below the state directory.
var configurationFiles = map[string]string{
	"containerd.toml":     "config/containerd.toml",
	"hosts.toml":          "containerd/registries/" + layout.LocalRegistry + "/hosts.toml",
	"cni.conflist":        "cni/conf/10-lastgood.conflist",
	"kubelet.yaml":        "config/kubelet.yaml",
	"kube-proxy.yaml":     "config/kube-proxy.yaml",
	"kube-scheduler.yaml": "config/kube-scheduler.yaml",
	"audit-policy.yaml":   "config/audit-policy.yaml",
	"Corefile":            "config/Corefile",
}

func (c *Cluster) writeConfiguration() error {
	values := configuration{
		Layout: c.Layout, Bridge: layout.Bridge, NodeName: layout.NodeName, NodeAddress: layout.NodeAddress, PodRange: layout.PodRange,
		ClusterDomain: layout.ClusterDomain, CgroupRoot: layout.CgroupRoot, CNINetwork: layout.CNINetwork, PauseImage: layout.PauseImage,
		Snapshotter: "overlayfs",
		KubeletPort: layout.KubeletPort, KubeletHealth: layout.KubeletHealth, ProxyHealth: layout.ProxyHealth,
		ProxyMetrics: layout.ProxyMetrics, DNSPort: layout.DNSPort, DNSReadyPort: layout.DNSReadyPort,
	}
	if host.IsOverlay(c.Dir) {
		values.Snapshotter = "native"
	}
	for name, target := range configurationFiles {
		if err := render(name, c.Path(target), values); err != nil {
			return err
		}
	}
	return nil
}

func render(name, target string, values configuration) error {
	parsed, err := template.New(name).Option("missingkey=error").ParseFS(files, "files/"+name)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	file, err := os.Create(target)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := parsed.Execute(file, values); err != nil {
		return err
	}
	return file.Close()
}

type certificate struct {
	name, user string
	groups     []string
	// servers are the names and addresses that it serves under.
	servers []string
}

const administrators = "system:masters"

var certificates = []certificate{
	{name: apiServer, user: "kube-apiserver", servers: []string{
		"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc." + layout.ClusterDomain,
		"localhost", "127.0.0.1", layout.NodeAddress, layout.ServiceIP,
	}},
	{name: etcd, user: "etcd", servers: []string{"localhost", "127.0.0.1"}},
	{name: "etcd-client", user: "kube-apiserver-etcd-client"},
	{name: "kubelet-client", user: "kube-apiserver-kubelet-client", groups: []string{administrators}},
}

// Who comes with a kubeconfig. The kubelet's certificate is also that of its own server.
var users = []certificate{
	{name: "admin", user: "admin", groups: []string{administrators}},
	{name: controllerManager, user: "system:kube-controller-manager"},
	{name: scheduler, user: "system:kube-scheduler"},
	{name: kubelet, user: "system:node:" + layout.NodeName, groups: []string{"system:nodes"}, servers: []string{layout.NodeName, layout.NodeAddress}},
	{name: kubeProxy, user: "system:kube-proxy"},
	// It reads Services and EndpointSlices alone; a role for that would have to be made before anything can ask for names.
	{name: coreDNS, user: "system:coredns", groups: []string{administrators}},
}

func (c *Cluster) writeCredentials() error {
	authority, err := pki.NewAuthority("lastgood-local")
	if err != nil {
		return err
	}
	authorityKey, err := authority.KeyPEM()
	if err != nil {
		return err
	}
	if err := (pki.Identity{Certificate: authority.PEM, Key: authorityKey}).Write(c.Cert("ca"), c.Key("ca")); err != nil {
		return err
	}
	private, public, err := pki.NewSigningKey()
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.Path("pki", "service-accounts.pub"), public, 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(c.Key("service-accounts"), private, 0o600); err != nil {
		return err
	}
	for _, one := range certificates {
		if _, err := c.issue(authority, one); err != nil {
			return err
		}
	}
	return c.writeKubeconfigs(authority)
}

func (c *Cluster) writeKubeconfigs(authority *pki.Authority) error {
	server := fmt.Sprintf("https://%s:%d", layout.NodeAddress, layout.APIServerPort)
	for _, one := range users {
		identity, err := c.issue(authority, one)
		if err != nil {
			return err
		}
		target := c.ComponentKubeconfig(one.name)
		if one.name == "admin" {
			target = c.Kubeconfig()
		}
		if err := os.WriteFile(target, pki.Kubeconfig(server, authority.PEM, one.user, identity), 0o600); err != nil {
			return err
		}
	}
	return nil
}

func (c *Cluster) issue(authority *pki.Authority, wanted certificate) (pki.Identity, error) {
	identity, err := authority.Issue(wanted.user, wanted.groups, wanted.servers...)
	if err != nil {
		return identity, err
	}
	return identity, identity.Write(c.Cert(wanted.name), c.Key(wanted.name))
}
