// Flux as processes of the machine: source-controller, kustomize-controller and helm-controller.
package gitops

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"lastgood.dev/tests/e2e/internal/daemon"
)

// fluxHost is the address on which the controllers of Flux listen.
const fluxHost = "127.0.0.1"

var fluxControllers = []string{"source-controller", "kustomize-controller", "helm-controller"}

// Flux is an installation of Flux in its own namespace. It handles the objects of all namespaces.
type Flux struct {
	Namespace string
	// Sources reads the repositories, and serves their files to the others.
	Sources *daemon.Daemon
	// Kustomizations applies manifests.
	Kustomizations *daemon.Daemon
	// HelmReleases installs charts.
	HelmReleases *daemon.Daemon

	cluster *Cluster
}

// InstallFlux creates the kinds and the accounts of Flux, and prepares its controllers. The folder,
// which must exist, gets the logs.
func InstallFlux(ctx context.Context, cluster *Cluster, namespace, folder string) (*Flux, error) {
	f := &Flux{Namespace: namespace, cluster: cluster}
	if err := cluster.createKinds(ctx, filepath.Join(packages(), "flux", "crds")); err != nil {
		return nil, err
	}
	if err := cluster.createNamespace(ctx, namespace); err != nil {
		return nil, err
	}
	for _, account := range fluxControllers {
		path := filepath.Join(folder, account+".kubeconfig")
		if err := cluster.createAccount(ctx, namespace, account, path); err != nil {
			return nil, err
		}
	}
	return f, f.prepare(folder)
}

// prepare chooses the addresses and the arguments of the controllers.
func (f *Flux) prepare(folder string) error {
	artifacts, err := daemon.FreeAddress(fluxHost)
	if err != nil {
		return err
	}
	var problems []error
	add := func(name string, more ...string) *daemon.Daemon {
		server, err := newDaemon(name, fluxHost, folder, name, func(address string) []string {
			return append([]string{"--watch-all-namespaces", "--health-addr=" + address,
				"--metrics-addr=0"}, more...)
		})
		problems = append(problems, err)
		if err != nil {
			return &daemon.Daemon{}
		}
		server.Env = append(server.Env, "RUNTIME_NAMESPACE="+f.Namespace,
			"KUBECONFIG="+filepath.Join(folder, name+".kubeconfig"))
		server.ReadyURL = server.URL() + "/readyz"
		return server
	}
	f.Sources = add("source-controller", "--storage-path="+filepath.Join(folder, "source-controller"),
		"--storage-addr="+artifacts, "--storage-adv-addr="+artifacts)
	f.Kustomizations = add("kustomize-controller", "--requeue-dependency=2s")
	f.HelmReleases = add("helm-controller", "--requeue-dependency=2s",
		"--graceful-shutdown-timeout=5s")
	return errors.Join(problems...)
}

func (f *Flux) daemons() []*daemon.Daemon {
	return []*daemon.Daemon{f.Sources, f.Kustomizations, f.HelmReleases}
}

// Start starts the controllers, and waits until each is ready.
func (f *Flux) Start() error {
	for _, server := range f.daemons() {
		if err := server.Start(); err != nil {
			return err
		}
	}
	return nil
}

// Kill ends the controllers. The objects of Flux remain.
func (f *Flux) Kill() {
	for _, server := range f.daemons() {
		server.Kill()
	}
}

// Uninstall ends the controllers, and deletes the objects of Flux in all namespaces, its namespace
// and its permissions. All that Flux has applied remains.
func (f *Flux) Uninstall(ctx context.Context) error {
	f.Kill()
	return errors.Join(
		f.cluster.deleteAll(ctx, "", Kustomizations, HelmReleases, HelmCharts, GitRepositories),
		f.cluster.deleteTool(ctx, f.Namespace, fluxControllers...))
}

// Log returns the end of the logs of the controllers.
func (f *Flux) Log() string {
	var text strings.Builder
	for _, server := range f.daemons() {
		fmt.Fprintf(&text, "--- %s\n%s\n", filepath.Base(server.Folder), server.Log())
	}
	return text.String()
}
