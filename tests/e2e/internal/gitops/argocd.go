// Argo CD as processes of the machine: Redis, repo-server, application controller and
// ApplicationSet controller.
package gitops

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lastgood.dev/tests/e2e/internal/daemon"
)

// The accounts of the controllers of Argo CD.
const (
	applicationController    = "argocd-application-controller"
	applicationSetController = "argocd-applicationset-controller"
)

// ResyncPeriod is how often Argo CD reads each repository. The default is 2 minutes, with a jitter
// of 1 minute.
const ResyncPeriod = 5 * time.Second

// argoHost is the address on which the processes of Argo CD listen.
const argoHost = "127.0.0.1"

// ArgoCD is an installation of Argo CD in its own namespace.
type ArgoCD struct {
	Namespace string
	// Redis has the cache of the others.
	Redis *daemon.Daemon
	// RepoServer reads the repositories.
	RepoServer *daemon.Daemon
	// Controller compares and syncs the Applications.
	Controller *daemon.Daemon
	// ApplicationSets generates Applications.
	ApplicationSets *daemon.Daemon

	cluster *Cluster
}

// InstallArgoCD creates the kinds, the settings and the accounts of Argo CD, and prepares its
// processes. The namespace must be no other one's. The folder, which must exist, gets the logs.
func InstallArgoCD(ctx context.Context, cluster *Cluster, namespace, folder string,
) (*ArgoCD, error) {
	a := &ArgoCD{Namespace: namespace, cluster: cluster}
	files := filepath.Join(packages(), "argocd")
	if _, err := os.Stat(files); err != nil {
		return nil, fmt.Errorf("run ./dev cluster gitops-servers first: %w", err)
	}
	if err := cluster.createKinds(ctx, filepath.Join(files, "crds")); err != nil {
		return nil, err
	}
	if err := cluster.createNamespace(ctx, namespace); err != nil {
		return nil, err
	}
	if err := a.createSettings(ctx, filepath.Join(files, "config")); err != nil {
		return nil, err
	}
	for _, account := range []string{applicationController, applicationSetController} {
		path := filepath.Join(folder, account+".kubeconfig")
		if err := cluster.createAccount(ctx, namespace, account, path); err != nil {
			return nil, err
		}
	}
	return a, a.prepare(folder)
}

// createSettings creates the ConfigMaps and the Secret of a real installation, with a few settings
// of the test, and the project default.
func (a *ArgoCD) createSettings(ctx context.Context, folder string) error {
	paths, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		return err
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := a.cluster.Apply(ctx, a.Namespace, string(text)); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	for _, patch := range []string{argoSettings, argoSecret, argoProject} {
		err := a.cluster.applyAs(ctx, "settings-of-the-tests", a.Namespace, patch)
		if err != nil {
			return err
		}
	}
	return nil
}

// argoSettings makes Argo CD watch only the kinds of the scenarios.
const argoSettings = `
apiVersion: v1
kind: ConfigMap
metadata: {name: argocd-cm, labels: {app.kubernetes.io/part-of: argocd}}
data:
  resource.inclusions: |
    - {apiGroups: [""], kinds: [ConfigMap, Secret, Service, Pod], clusters: ["*"]}
    - {apiGroups: [apps], kinds: [Deployment, ReplicaSet], clusters: ["*"]}
    - {apiGroups: [argoproj.io, lastgood.dev], kinds: ["*"], clusters: ["*"]}
`

const argoSecret = `
apiVersion: v1
kind: Secret
metadata: {name: argocd-secret, labels: {app.kubernetes.io/part-of: argocd}}
stringData: {server.secretkey: a-key-of-the-tests}
`

const argoProject = `
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {name: default}
spec:
  sourceRepos: ["*"]
  destinations: [{namespace: "*", server: "*"}]
  clusterResourceWhitelist: [{group: "*", kind: "*"}]
`

// prepare chooses the addresses and the arguments of the processes.
func (a *ArgoCD) prepare(folder string) error {
	var problems []error
	add := func(name, program string, args func(address string) []string) *daemon.Daemon {
		server, err := newDaemon(program, argoHost, folder, name, args)
		problems = append(problems, err)
		if err != nil {
			return &daemon.Daemon{}
		}
		server.Env = append(server.Env, argoEnvironment(server.Folder, name,
			filepath.Join(folder, name+".kubeconfig"))...)
		return server
	}
	a.Redis = add("redis", "redis-server", redisArguments)
	a.Redis.Env = append(a.Redis.Env, "LD_LIBRARY_PATH="+
		filepath.Join(packages(), "usr", "lib", "x86_64-linux-gnu"))
	a.Redis.ReadyURL = "tcp://" + a.Redis.Address
	metrics, err := daemon.FreeAddress(argoHost)
	problems = append(problems, err)
	a.RepoServer = add("argocd-repo-server", "argocd", func(address string) []string {
		return repoServerArguments(address, metrics, a.Redis.Address)
	})
	a.RepoServer.ReadyURL = "http://" + metrics + "/healthz?full=true"
	a.Controller = add(applicationController, "argocd", func(address string) []string {
		return applicationControllerArguments(address, a.RepoServer.Address, a.Redis.Address)
	})
	a.Controller.ReadyURL = a.Controller.URL() + "/healthz"
	a.ApplicationSets = add(applicationSetController, "argocd", func(address string) []string {
		return applicationSetArguments(address, a.Namespace, a.RepoServer.Address)
	})
	// The ApplicationSet controller has no probe that says more.
	a.ApplicationSets.ReadyURL = "tcp://" + a.ApplicationSets.Address
	return errors.Join(problems...)
}

// argoEnvironment has the folders that an image of Argo CD has below /app.
func argoEnvironment(folder, name, kubeconfig string) []string {
	return []string{
		// The name chooses the program.
		"ARGOCD_BINARY_NAME=" + name,
		// The destination https://kubernetes.default.svc is the cluster of the kubeconfig.
		"ARGOCD_FAKE_IN_CLUSTER=true", "KUBECONFIG=" + kubeconfig,
		"ARGOCD_GPG_ENABLED=false",
		"ARGOCD_TLS_DATA_PATH=" + folder, "ARGOCD_SSH_DATA_PATH=" + folder,
		// This folder does not exist: Argo CD takes each socket in it for a plugin.
		"ARGOCD_PLUGINSOCKFILEPATH=" + filepath.Join(folder, "plugins"),
		"ARGOCD_ASK_PASS_SOCK=" + filepath.Join(folder, "askpass.sock"),
		"PATH=" + filepath.Join(packages(), "usr", "bin") + ":" + os.Getenv("PATH"),
	}
}

func redisArguments(address string) []string {
	host, port := split(address)
	return []string{"--bind", host, "--port", port, "--save", "", "--appendonly", "no"}
}

func repoServerArguments(address, metrics, redis string) []string {
	host, port := split(address)
	metricsHost, metricsPort := split(metrics)
	return []string{
		"--address", host, "--port", port,
		"--metrics-address", metricsHost, "--metrics-port", metricsPort,
		"--redis", redis, "--disable-tls", "--client-ca-path=",
		// A new commit is seen at the next comparison.
		"--revision-cache-expiration=1s",
	}
}

func applicationControllerArguments(address, repoServer, redis string) []string {
	_, port := split(address)
	return []string{
		"--metrics-port", port, "--redis", redis,
		"--repo-server", repoServer, "--repo-server-plaintext",
		fmt.Sprintf("--app-resync=%.0f", ResyncPeriod.Seconds()), "--app-resync-jitter=0",
		"--status-processors=4", "--operation-processors=4",
	}
}

func applicationSetArguments(address, namespace, repoServer string) []string {
	return []string{
		"--namespace", namespace, "--probe-addr", address,
		// Nothing reads the metrics or sends webhooks. The port 0 is any free port.
		"--metrics-addr=0", "--webhook-addr=" + argoHost + ":0",
		"--argocd-repo-server", repoServer, "--repo-server-plaintext",
	}
}

func split(address string) (host, port string) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		// The address is from FreeAddress.
		panic(err)
	}
	return host, port
}

func (a *ArgoCD) daemons() []*daemon.Daemon {
	return []*daemon.Daemon{a.Redis, a.RepoServer, a.Controller, a.ApplicationSets}
}

// Start starts the processes, and waits until each is ready.
func (a *ArgoCD) Start() error {
	for _, server := range a.daemons() {
		if err := server.Start(); err != nil {
			return err
		}
	}
	return nil
}

// Kill ends the processes. The Applications remain.
func (a *ArgoCD) Kill() {
	for _, server := range a.daemons() {
		server.Kill()
	}
}

// Uninstall deletes the Applications without their resources, ends the processes and deletes the
// namespace.
func (a *ArgoCD) Uninstall(ctx context.Context) error {
	err := a.cluster.deleteAll(ctx, a.Namespace,
		ApplicationSets, Applications, Resource(argoVersion, "AppProject"))
	a.Kill()
	return errors.Join(err, a.cluster.deleteTool(ctx, a.Namespace,
		applicationController, applicationSetController))
}

// Log returns the end of the logs of the processes.
func (a *ArgoCD) Log() string {
	var text strings.Builder
	for _, server := range a.daemons()[1:] {
		fmt.Fprintf(&text, "--- %s\n%s\n", filepath.Base(server.Folder), server.Log())
	}
	return text.String()
}
