// The installation of Lastgood as users install it, by Helm. Scenarios that stop the controller
// run it outside the cluster with the credentials of its ServiceAccount.
package scenario

import (
	"context"
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
	release         = "lastgood"
	systemNamespace = "lastgood-system"
	// ControllerUser is the user of the controller's requests.
	ControllerUser = "system:serviceaccount:" + systemNamespace + ":" + release
	// The lifetime of the credentials of a controller outside the cluster; longer than any run.
	tokenSeconds = 3 * 3600
	// The annotation of a namespace that the tests created. If it exists before a run, an earlier
	// run was killed.
	testInstallation = "lastgood-scenarios"
)

type installation struct {
	// outside is a controller binary that every scenario starts itself. It needs no image.
	outside string
	token   string
	running sync.Once
	failed  error
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
	if err := c.requireFree(); err != nil {
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

// requireFree returns an error if a user has installed Lastgood in the cluster. It removes the
// namespaces of a run that was killed.
func (c *Cluster) requireFree() error {
	ctx := context.Background()
	namespaces := c.Typed.CoreV1().Namespaces()
	namespace, err := namespaces.Get(ctx, systemNamespace, metav1.GetOptions{})
	if err == nil && namespace.Annotations[testInstallation] == "" {
		return fmt.Errorf(
			"lastgood is already installed in namespace %s; uninstall it and run the "+
				"tests again: helm -n %[1]s uninstall %s && kubectl delete namespace %[1]s",
			systemNamespace,
			release,
		)
	}
	if err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	if apierrors.IsNotFound(err) {
		namespace = &core.Namespace{ObjectMeta: metav1.ObjectMeta{
			Name: systemNamespace, Annotations: map[string]string{testInstallation: "true"},
		}}
		_, err = namespaces.Create(ctx, namespace, metav1.CreateOptions{})
		return err
	}
	left, err := namespaces.List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for _, namespace := range left.Items {
		if namespace.Annotations["scenario"] != "" {
			if err := namespaces.Delete(ctx, namespace.Name, metav1.DeleteOptions{}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *Cluster) installChart(replicas int) error {
	chart := filepath.Join(c.Project, "deploy", "charts", "lastgood")
	return c.helm("upgrade", "--install", release, chart, "--namespace", systemNamespace,
		// CRDs that were applied without Helm become part of the release.
		"--take-ownership", "--force-conflicts", "--wait", "--timeout", "120s",
		// Many unrelated scenarios break their Deployments at once, so the breaker is off.
		"--set", fmt.Sprintf("replicas=%d,breaker.rollbacks=0", replicas))
}

// runInCluster starts the two replicas of the chart, once.
func (c *Cluster) runInCluster() error {
	c.install.running.Do(func() { c.install.failed = c.installChart(2) })
	return c.install.failed
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
		CreateToken(context.Background(), release, request, metav1.CreateOptions{})
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
	err := c.awaitDeletions(2 * time.Minute)
	if failed := c.helm("uninstall", release, "--namespace", systemNamespace,
		"--wait", "--timeout", "60s"); failed != nil {
		return failed
	}
	namespaces := c.Typed.CoreV1().Namespaces()
	options := metav1.DeleteOptions{}
	if failed := namespaces.Delete(context.Background(), systemNamespace, options); failed != nil {
		return failed
	}
	c.deleted = []string{systemNamespace}
	if failed := c.awaitDeletions(time.Minute); failed != nil {
		return failed
	}
	return err
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
