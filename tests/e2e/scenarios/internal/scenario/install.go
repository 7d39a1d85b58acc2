// The installation of Lastgood as users install it, by Helm. Scenarios that stop the controller
// run it outside the cluster with the credentials of its ServiceAccount.
package scenario

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	authentication "k8s.io/api/authentication/v1"
	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

const (
	helmRelease     = "lastgood"
	systemNamespace = "lastgood-system"
	// ControllerUser is the user name in the controller's requests.
	ControllerUser = "system:serviceaccount:" + systemNamespace + ":" + helmRelease
	// tokenSeconds is the lifetime of the token of a controller outside the cluster. It is longer
	// than any run.
	tokenSeconds = 3 * 3600
	// chartReplicas is the number of controllers in the cluster: a leader and a standby.
	chartReplicas = 2
	// testAnnotation marks the system namespace if the tests created it. If the annotation exists
	// before a run, an earlier run was killed.
	testAnnotation = "lastgood-scenarios"
)

type installation struct {
	// outside is the controller binary that every scenario starts outside the cluster. It is empty
	// if the chart runs the controller.
	outside string
	// token authenticates a controller outside the cluster as its ServiceAccount.
	token string
	// startOnce starts the controller in the cluster; startError is its result.
	startOnce  sync.Once
	startError error
}

// Main installs Lastgood, runs the scenarios of a package and prints how many passed.
func Main(m *testing.M) int {
	cluster, err := connect()
	if err == nil {
		shared = cluster
		err = cluster.prepare()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if err := cluster.cleanUp(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	printSummary()
	return code
}

// prepare installs the chart with zero replicas. The first scenarios have their own controllers,
// and two controllers must not guard the same Deployment.
func (c *Cluster) prepare() error {
	if os.Getenv("LASTGOOD_TEST_CONTROLLER") == "outside" {
		c.install.outside = binaryPath(c.Project)
	}
	if err := c.claim(); err != nil {
		return err
	}
	if err := c.installChart(0); err != nil {
		return err
	}
	return c.requestToken()
}

func binaryPath(project string) string {
	if path := os.Getenv("LASTGOOD_CONTROLLER"); path != "" {
		return path
	}
	const name = "lastgood-controller"
	return filepath.Join(project, "build", "dev", "cmd", name, name)
}

// claim creates the system namespace, and removes the leftovers of a killed run. It returns an
// error if a user has installed Lastgood in the cluster.
func (c *Cluster) claim() error {
	ctx := context.Background()
	namespaces := c.Typed.CoreV1().Namespaces()
	namespace, err := namespaces.Get(ctx, systemNamespace, metav1.GetOptions{})
	if err == nil && namespace.Annotations[testAnnotation] == "" {
		return fmt.Errorf(
			"lastgood is already installed in namespace %s; uninstall it and run the "+
				"tests again: helm -n %[1]s uninstall %s && kubectl delete namespace %[1]s",
			systemNamespace,
			helmRelease,
		)
	}
	if err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	if apierrors.IsNotFound(err) {
		namespace = &core.Namespace{ObjectMeta: metav1.ObjectMeta{
			Name: systemNamespace, Annotations: map[string]string{testAnnotation: "true"},
		}}
		_, err = namespaces.Create(ctx, namespace, metav1.CreateOptions{})
		return err
	}
	// A dead adapter blocks the deletion of namespaces.
	if err := c.removeExternalMetrics(); err != nil {
		return err
	}
	if err := c.removeRuleKind(); err != nil {
		return err
	}
	leftover, err := namespaces.List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for _, namespace := range leftover.Items {
		if namespace.Annotations["scenario"] != "" {
			if err := namespaces.Delete(ctx, namespace.Name, metav1.DeleteOptions{}); err != nil {
				return err
			}
		}
	}
	return nil
}

// installChart installs or upgrades the chart. Each entry of values is NAME=VALUE.
func (c *Cluster) installChart(replicas int, values ...string) error {
	chart := filepath.Join(c.Project, "deploy", "charts", "lastgood")
	return c.helm("upgrade", "--install", helmRelease, chart, "--namespace", systemNamespace,
		// CRDs that were applied without Helm become part of the Helm release.
		"--take-ownership", "--force-conflicts", "--wait", "--timeout", "120s",
		// Many unrelated scenarios break their Deployments at once. The breaker and the gate for a
		// shared cause would hold these rollbacks, so both settings are off.
		"--set", fmt.Sprintf("replicas=%d,breaker.rollbacks=0,sharedCause.deployments=0", replicas),
		"--set", strings.Join(values, ","))
}

// runInCluster starts two replicas of the controller in the cluster, if they do not run yet.
func (c *Cluster) runInCluster() error {
	c.install.startOnce.Do(func() { c.install.startError = c.installChart(chartReplicas) })
	return c.install.startError
}

func (c *Cluster) helm(args ...string) error {
	command := exec.Command(c.Layout.Path("bin", "helm"), args...)
	command.Env = append(os.Environ(), "KUBECONFIG="+c.Layout.Kubeconfig())
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("helm %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

func (c *Cluster) requestToken() error {
	seconds := int64(tokenSeconds)
	request := &authentication.TokenRequest{
		Spec: authentication.TokenRequestSpec{ExpirationSeconds: &seconds},
	}
	response, err := c.Typed.CoreV1().ServiceAccounts(systemNamespace).
		CreateToken(context.Background(), helmRelease, request, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("cannot create a token for the controller's ServiceAccount: %w", err)
	}
	c.install.token = response.Status.Token
	return nil
}

// writeKubeconfig writes a kubeconfig with the ServiceAccount's token. The server may be a proxy.
func (c *Cluster) writeKubeconfig(path, server string, authority []byte) error {
	config := clientcmdapi.NewConfig()
	config.Clusters["cluster"] = &clientcmdapi.Cluster{
		Server: server, CertificateAuthorityData: authority,
	}
	config.AuthInfos["lastgood"] = &clientcmdapi.AuthInfo{Token: c.install.token}
	config.Contexts["lastgood"] = &clientcmdapi.Context{Cluster: "cluster", AuthInfo: "lastgood"}
	config.CurrentContext = "lastgood"
	return clientcmd.WriteToFile(*config, path)
}

func (c *Cluster) cleanUp() error {
	err := errors.Join(c.awaitDeletions(2*time.Minute), c.removeRuleKind())
	if uninstallError := c.helm("uninstall", helmRelease, "--namespace", systemNamespace,
		"--wait", "--timeout", "60s"); uninstallError != nil {
		return uninstallError
	}
	namespaces := c.Typed.CoreV1().Namespaces()
	options := metav1.DeleteOptions{}
	deleteError := namespaces.Delete(context.Background(), systemNamespace, options)
	if deleteError != nil {
		return deleteError
	}
	c.deleted = []string{systemNamespace}
	return errors.Join(err, c.awaitDeletions(time.Minute))
}

func (c *Cluster) awaitDeletions(limit time.Duration) error {
	for _, namespace := range c.deleted {
		err := poll(limit, func(ctx context.Context) bool {
			_, err := c.Typed.CoreV1().Namespaces().Get(ctx, namespace, metav1.GetOptions{})
			return apierrors.IsNotFound(err)
		})
		if err != nil {
			return fmt.Errorf("namespace %s still exists %s after it was deleted", namespace, limit)
		}
	}
	return nil
}
