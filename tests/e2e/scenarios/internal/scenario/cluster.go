// The connection to the local cluster, which all scenarios share.
package scenario

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"

	"lastgood.dev/tests/e2e/internal/audit"
	"lastgood.dev/tests/e2e/internal/local/layout"
)

// Cluster is the local cluster that all scenarios share.
type Cluster struct {
	Layout layout.Layout
	// Project is the root folder of the project.
	Project  string
	Config   *rest.Config
	Typed    kubernetes.Interface
	Dynamic  dynamic.Interface
	Kinds    *restmapper.DeferredDiscoveryRESTMapper
	AuditLog *audit.Follower

	install installation
	// deleted are the namespaces that are being deleted. cleanUp waits until they are gone.
	deleted     []string
	deletedLock sync.Mutex
}

// shared is the cluster of all scenarios of a test binary, because the chart is installed once.
var shared *Cluster

func connect() (*Cluster, error) {
	dir := os.Getenv("LASTGOOD_CLUSTER_DIR")
	if dir == "" {
		dir = layout.DefaultDir
	}
	paths, err := layout.New(dir)
	if err != nil {
		return nil, err
	}
	config, err := clientcmd.BuildConfigFromFlags("", paths.Kubeconfig())
	if err != nil {
		return nil, fmt.Errorf("no local cluster is running; start it with ./dev cluster up: %w",
			err)
	}
	// -1 is no rate limit. Many scenarios poll at once, and a limit would make them slow.
	config.QPS = -1
	c := &Cluster{Layout: paths, Config: config}
	if c.Typed, err = kubernetes.NewForConfig(config); err != nil {
		return nil, err
	}
	if c.Dynamic, err = dynamic.NewForConfig(config); err != nil {
		return nil, err
	}
	discovery := memory.NewMemCacheClient(c.Typed.Discovery())
	c.Kinds = restmapper.NewDeferredDiscoveryRESTMapper(discovery)
	if c.Project, err = findProject(); err != nil {
		return nil, err
	}
	c.AuditLog, err = audit.Follow(paths.AuditLog())
	return c, err
}

// findProject returns the root of the project. Go runs a test in the folder of its package.
func findProject() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; folder != "/"; folder = filepath.Dir(folder) {
		if _, err := os.Stat(filepath.Join(folder, "deploy", "charts", "lastgood")); err == nil {
			return folder, nil
		}
	}
	return "", fmt.Errorf("no folder above the working directory is the root of the project")
}

// expectDeletion records a namespace that is being deleted.
func (c *Cluster) expectDeletion(namespace string) {
	c.deletedLock.Lock()
	defer c.deletedLock.Unlock()
	c.deleted = append(c.deleted, namespace)
}
