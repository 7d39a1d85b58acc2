// Package layout has the paths, names, addresses and ports of the local cluster. This package must
// not open a file or a connection.
package layout

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
)

// The names are fixed, because one machine runs one local cluster.
const (
	Version     = "v1.37.2"
	NodeName    = "lastgood"
	Bridge      = "lastgood0"
	NodeAddress = "10.244.0.1"
	PodRange    = "10.244.0.0/20"
	NodeCIDR    = "10.244.0.1/20"
	// FirstPodAddress is after the addresses of the nodes.
	FirstPodAddress = "10.244.0.16"
	ServiceRange    = "10.96.0.0/16"
	// ServiceIP is the address of the Service kubernetes.
	ServiceIP     = "10.96.0.1"
	ClusterDomain = "cluster.local"
	NATTable      = "lastgood-cluster"
	CgroupRoot    = "lastgood-cluster"
	CNINetwork    = "lastgood"
	LockFile      = "/run/lastgood-cluster.lock"
	DemoImage     = "lastgood.dev/demo-app:dev"
	PauseImage    = "lastgood.dev/pause:dev"
	// LocalRegistry is the registry of the images that are loaded into the node. A pull of an image
	// that was not loaded fails at once.
	LocalRegistry = "lastgood.dev"
	DefaultDir    = "/var/lib/lastgood-cluster"
	// maxDirBytes is the longest Dir. The path of a Unix socket has at most 107 bytes. The longest
	// socket path of containerd needs 50 bytes below Dir, and 3 bytes more on an extra node.
	maxDirBytes = 53
)

// The ports of the components.
const (
	APIServerPort         = 6443
	SecondAPIServerPort   = 6444
	EtcdPort              = 12379
	EtcdPeerPort          = 12380
	KubeletPort           = 10250
	KubeletHealthPort     = 10248
	ProxyHealthPort       = 10256
	ProxyMetricsPort      = 10249
	ControllerManagerPort = 10257
	SchedulerPort         = 10259
	DNSPort               = 53
	DNSReadyPort          = 10253
)

// The extra nodes have numbers from FirstExtraNode to LastExtraNode. Scenarios add and remove them.
const (
	FirstExtraNode = 2
	LastExtraNode  = 6
	// ExtraNodeTaint is the key of the taint of an extra node; the value is the node's name.
	ExtraNodeTaint = "lastgood.dev/extra-node"
)

// ExtraNode is a node that a scenario adds. Its kubelet and its containerd have their own state
// directory.
type ExtraNode struct {
	Layout
	Number int
}

// ExtraNode returns the extra node with this number, which need not exist.
func (l Layout) ExtraNode(number int) ExtraNode {
	return ExtraNode{Layout{l.Path(fmt.Sprintf("n%d", number))}, number}
}

// Name is the name of the Node object.
func (n ExtraNode) Name() string { return fmt.Sprintf("%s-%d", NodeName, n.Number) }

// Address is the address of the node on the bridge.
func (n ExtraNode) Address() string { return fmt.Sprintf("10.244.0.%d", n.Number) }

// CgroupRoot is the control group of the node's pods.
func (n ExtraNode) CgroupRoot() string { return fmt.Sprintf("%s-%d", CgroupRoot, n.Number) }

// Component returns the name of a component of this node, such as kubelet-2.
func (n ExtraNode) Component(name string) string { return fmt.Sprintf("%s-%d", name, n.Number) }

// Cache is the folder with the programs that ./dev has built or fetched.
func Cache() string {
	return cmp.Or(os.Getenv("LASTGOOD_CACHE"),
		filepath.Join(cmp.Or(os.Getenv("HOME"), "/root"), ".cache", "lastgood"))
}

// Layout is the state directory of one local cluster.
type Layout struct{ Dir string }

// New returns the layout of a state directory, or an error if it is not suitable.
func New(dir string) (Layout, error) {
	if !filepath.IsAbs(dir) || filepath.Clean(dir) == "/" {
		return Layout{}, fmt.Errorf("the state directory must be an absolute path below /, not %q",
			dir)
	}
	dir = filepath.Clean(dir)
	// host.Unmount compares with the mounts of the kernel, which have real paths.
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	if len(dir) > maxDirBytes {
		return Layout{}, fmt.Errorf(
			"the state directory %s is too long for Unix sockets: %d bytes, at most %d", dir,
			len(dir), maxDirBytes)
	}
	return Layout{Dir: dir}, nil
}

// Path joins names below the state directory.
func (l Layout) Path(names ...string) string {
	return filepath.Join(append([]string{l.Dir}, names...)...)
}

// Marker is the file that marks a state directory. Down may remove only a marked directory.
func (l Layout) Marker() string { return l.Path(".lastgood-cluster") }

// Kubeconfig is the kubeconfig of the administrator.
func (l Layout) Kubeconfig() string { return l.Path("kubeconfig") }

// AuditLog is the audit log of the API server, with one JSON object in each line.
func (l Layout) AuditLog() string { return l.Path("audit.log") }

// Log is the output of a component.
func (l Layout) Log(component string) string { return l.Path("logs", component+".log") }

// Program is the binary with all programs of Kubernetes.
func (l Layout) Program() string { return l.Path("bin", "kubernetes") }

// Pause is the program of the pause image.
func (l Layout) Pause() string { return l.Path("bin", "pause") }

// DemoApp is the program of the test application.
func (l Layout) DemoApp() string { return l.Path("bin", "demo-app") }

// ContainerdSocket is the socket of containerd.
func (l Layout) ContainerdSocket() string { return l.Path("run", "containerd.sock") }

// Cert is the certificate NAME.crt.
func (l Layout) Cert(name string) string { return l.Path("pki", name+".crt") }

// Key is the private key NAME.key.
func (l Layout) Key(name string) string { return l.Path("pki", name+".key") }

// ComponentKubeconfig is the kubeconfig of a component.
func (l Layout) ComponentKubeconfig(component string) string {
	return l.Path("pki", component+".kubeconfig")
}
