// Package layout says where the local cluster keeps its files and which names, addresses and ports it takes on the machine.
// It must not touch any of them.
package layout

import (
	"fmt"
	"path/filepath"
)

// The machine-wide names. They are fixed: one machine runs one local cluster.
const (
	Version       = "v1.37.2"
	NodeName      = "lastgood"
	Bridge        = "lastgood0"
	NodeAddress   = "10.244.0.1"
	PodRange      = "10.244.0.0/20"
	NodeCIDR      = "10.244.0.1/20"
	ServiceRange  = "10.96.0.0/16"
	ServiceIP     = "10.96.0.1"
	ClusterDomain = "cluster.local"
	NATTable      = "lastgood-cluster"
	CgroupRoot    = "lastgood-cluster"
	CNINetwork    = "lastgood"
	LockFile      = "/run/lastgood-cluster.lock"
	DemoImage     = "lastgood.dev/demo-app:dev"
	PauseImage    = "lastgood.dev/pause:dev"
	// LocalRegistry is never asked over the network: its images are loaded, and one that is not must fail at once.
	LocalRegistry = "lastgood.dev"
	DefaultDir    = "/var/lib/lastgood-cluster"
	// A unix socket's path holds 107 bytes, and containerd's longest one below Dir needs 50 of them.
	maxDirLength = 56
)

// The ports, by what listens on them.
const (
	APIServerPort   = 6443
	EtcdPort        = 12379
	EtcdPeerPort    = 12380
	KubeletPort     = 10250
	KubeletHealth   = 10248
	ProxyHealth     = 10256
	ProxyMetrics    = 10249
	ControllersPort = 10257
	SchedulerPort   = 10259
	DNSPort         = 53
	DNSReadyPort    = 10253
)

// Layout is the state directory of one local cluster.
type Layout struct{ Dir string }

// New checks that dir can hold a cluster's state.
func New(dir string) (Layout, error) {
	if !filepath.IsAbs(dir) || filepath.Clean(dir) == "/" {
		return Layout{}, fmt.Errorf("the state directory must be an absolute path below /, not %q", dir)
	}
	dir = filepath.Clean(dir)
	// Mounts are listed by their real path.
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	if len(dir) > maxDirLength {
		return Layout{}, fmt.Errorf("the state directory %s is too long for unix sockets: %d characters, at most %d", dir, len(dir), maxDirLength)
	}
	return Layout{Dir: dir}, nil
}

// Path joins names below the state directory.
func (l Layout) Path(names ...string) string {
	return filepath.Join(append([]string{l.Dir}, names...)...)
}

// Marker is the file that says that this directory is a cluster's and may be removed.
func (l Layout) Marker() string { return l.Path(".lastgood-cluster") }

// Kubeconfig is the administrator's.
func (l Layout) Kubeconfig() string { return l.Path("kubeconfig") }

// AuditLog is written by the API server, one JSON object a line.
func (l Layout) AuditLog() string { return l.Path("audit.log") }

// Log is the output of one component.
func (l Layout) Log(component string) string { return l.Path("logs", component+".log") }

// Program is the binary that is every program of Kubernetes.
func (l Layout) Program() string { return l.Path("bin", "kubernetes") }

// ContainerdSocket is where containerd listens.
func (l Layout) ContainerdSocket() string { return l.Path("run", "containerd.sock") }

// Cert is the certificate NAME.crt.
func (l Layout) Cert(name string) string { return l.Path("pki", name+".crt") }

// Key is the private key NAME.key.
func (l Layout) Key(name string) string { return l.Path("pki", name+".key") }

// ComponentKubeconfig is the one that a component uses.
func (l Layout) ComponentKubeconfig(component string) string {
	return l.Path("pki", component+".kubeconfig")
}
