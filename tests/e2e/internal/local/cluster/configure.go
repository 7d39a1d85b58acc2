// The files that a cluster needs to start: certificates, kubeconfigs and configurations.
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

// configuration has the values that the templates of the configuration files may use.
type configuration struct {
	layout.Layout
	Bridge, NodeName, NodeAddress, PodRange, ClusterDomain string
	CgroupRoot, CNINetwork, PauseImage, Snapshotter        string
	// The nodes share PodAddresses, the directory with the addresses of all pods.
	DNSAddress, FirstPodAddress, PodAddresses string
	// Taint is the key of a taint with the node's name as its value, or empty.
	Taint string

	KubeletPort, KubeletHealthPort, ProxyHealthPort, ProxyMetricsPort, DNSPort, DNSReadyPort int
}

// configurationFiles has, for each template in files/, the path of the configuration file below the
// state directory.
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
	values := c.configurationValues()
	for name, target := range configurationFiles {
		if err := render(name, c.Path(target), values); err != nil {
			return err
		}
	}
	return nil
}

// configurationValues returns the values for the node that every cluster has.
func (c *Cluster) configurationValues() configuration {
	values := configuration{
		Layout:            c.Layout,
		Bridge:            layout.Bridge,
		NodeName:          layout.NodeName,
		NodeAddress:       layout.NodeAddress,
		PodRange:          layout.PodRange,
		ClusterDomain:     layout.ClusterDomain,
		CgroupRoot:        layout.CgroupRoot,
		CNINetwork:        layout.CNINetwork,
		PauseImage:        layout.PauseImage,
		Snapshotter:       "overlayfs",
		KubeletPort:       layout.KubeletPort,
		KubeletHealthPort: layout.KubeletHealthPort,
		ProxyHealthPort:   layout.ProxyHealthPort,
		ProxyMetricsPort:  layout.ProxyMetricsPort,
		DNSPort:           layout.DNSPort,
		DNSReadyPort:      layout.DNSReadyPort,
		DNSAddress:        layout.NodeAddress,
		FirstPodAddress:   layout.FirstPodAddress,
		PodAddresses:      c.Path("cni", "addresses"),
	}
	// overlayfs does not work on an overlay file system.
	if host.IsOverlay(c.Dir) {
		values.Snapshotter = "native"
	}
	return values
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
	// servers are the host names and addresses of a server certificate. A client certificate has
	// none.
	servers []string
}

const administrators = "system:masters"

var certificates = []certificate{
	{name: apiServer, user: "kube-apiserver", servers: []string{
		"kubernetes", "kubernetes.default", "kubernetes.default.svc",
		"kubernetes.default.svc." + layout.ClusterDomain,
		"localhost", "127.0.0.1", layout.NodeAddress, layout.ServiceIP,
	}},
	{name: etcd, user: "etcd", servers: []string{"localhost", "127.0.0.1"}},
	{name: "etcd-client", user: "kube-apiserver-etcd-client"},
	{
		name:   "kubelet-client",
		user:   "kube-apiserver-kubelet-client",
		groups: []string{administrators},
	},
}

// users are the certificates that a kubeconfig contains. kubelet also uses its certificate as a
// server.
var users = []certificate{
	{name: "admin", user: "admin", groups: []string{administrators}},
	{name: controllerManager, user: "system:kube-controller-manager"},
	{name: scheduler, user: "system:kube-scheduler"},
	{
		name:    kubelet,
		user:    "system:node:" + layout.NodeName,
		groups:  []string{"system:nodes"},
		servers: []string{layout.NodeName, layout.NodeAddress},
	},
	{name: kubeProxy, user: "system:kube-proxy"},
	// CoreDNS only reads Services and EndpointSlices. As an administrator it needs no RBAC role, so
	// the cluster has no role to create before the first DNS query.
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
	identity := pki.Identity{Certificate: authority.CertificatePEM, Key: authorityKey}
	if err := identity.Write(c.Cert("ca"), c.Key("ca")); err != nil {
		return err
	}
	private, public, err := pki.NewKeyPair()
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.Path("pki", "service-accounts.pub"), public, 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(c.Key("service-accounts"), private, 0o600); err != nil {
		return err
	}
	for _, wanted := range certificates {
		if _, err := c.issue(authority, wanted); err != nil {
			return err
		}
	}
	return c.writeKubeconfigs(authority)
}

func (c *Cluster) writeKubeconfigs(authority *pki.Authority) error {
	for _, user := range users {
		identity, err := c.issue(authority, user)
		if err != nil {
			return err
		}
		target := c.ComponentKubeconfig(user.name)
		if user.name == "admin" {
			target = c.Kubeconfig()
		}
		kubeconfig := pki.Kubeconfig(serverURL(), authority.CertificatePEM, user.user, identity)
		if err := os.WriteFile(target, kubeconfig, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func serverURL() string {
	return fmt.Sprintf("https://%s:%d", layout.NodeAddress, layout.APIServerPort)
}

func (c *Cluster) issue(authority *pki.Authority, wanted certificate) (pki.Identity, error) {
	identity, err := authority.Issue(wanted.user, wanted.groups, wanted.servers...)
	if err != nil {
		return identity, err
	}
	return identity, identity.Write(c.Cert(wanted.name), c.Key(wanted.name))
}
