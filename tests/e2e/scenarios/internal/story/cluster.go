// Package story tells what happens to a Deployment under Lastgood on a real cluster: Given, When, Then.
// It must not know any scenario, and it takes nobody's word for what was written but the audit log's.
package story

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

	"lastgood.dev/tests/e2e/internal/local/layout"
)

// Cluster is the local cluster that all stories share.
type Cluster struct {
	Layout  layout.Layout
	Project string
	Config  *rest.Config
	Typed   kubernetes.Interface
	Dynamic dynamic.Interface
	Kinds   *restmapper.DeferredDiscoveryRESTMapper
	Ledger  *Ledger

	install  installation
	doomed   []string
	doomLock sync.Mutex
}

// One cluster a test binary: the chart is installed once.
var shared *Cluster

func connect() (*Cluster, error) {
	dir := os.Getenv("LASTGOOD_CLUSTER_DIR")
	if dir == "" {
		dir = layout.DefaultDir
	}
	where, err := layout.New(dir)
	if err != nil {
		return nil, err
	}
	config, err := clientcmd.BuildConfigFromFlags("", where.Kubeconfig())
	if err != nil {
		return nil, fmt.Errorf("no cluster to test on (./dev cluster up): %w", err)
	}
	// Many scenarios poll at once; the client's own throttle would only make them slow.
	config.QPS = -1
	c := &Cluster{Layout: where, Config: config}
	if c.Typed, err = kubernetes.NewForConfig(config); err != nil {
		return nil, err
	}
	if c.Dynamic, err = dynamic.NewForConfig(config); err != nil {
		return nil, err
	}
	c.Kinds = restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(c.Typed.Discovery()))
	if c.Project, err = findProject(); err != nil {
		return nil, err
	}
	c.Ledger, err = openLedger(where.AuditLog())
	return c, err
}

// The tests run in their package's folder, somewhere below the project.
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
	return "", fmt.Errorf("the project's root is not above the working directory")
}

// doom marks a namespace that is being deleted, so that the end of the run can wait for it.
func (c *Cluster) doom(namespace string) {
	c.doomLock.Lock()
	defer c.doomLock.Unlock()
	c.doomed = append(c.doomed, namespace)
}
