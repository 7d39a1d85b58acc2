// Lastgood as users install it: the chart, by Helm. And, for those scenarios that stop the controller, its ServiceAccount's
// credentials for a process outside the cluster.
package story

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
	// User is whom the API server sees when the controller writes.
	User = "system:serviceaccount:" + systemNamespace + ":" + release
	// How long the credentials of a process outside the cluster last; longer than any run.
	tokenSeconds = 3 * 3600
)

type installation struct {
	// outside names a binary that every scenario runs for itself: quicker to try than an image.
	outside string
	token   string
	running sync.Once
	failed  error
}

// Main runs the scenarios of a package on an installed Lastgood and says how many passed.
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

// prepare installs everything but the running controller: the first scenarios have one of their own, and two must not
// look after the same Deployment.
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
	return filepath.Join(project, "build", "dev", "cmd", "lastgood-controller", "lastgood-controller")
}

// The mark of an installation of ours: one that is found was left by a run that was killed.
const ours = "lastgood-scenarios"

// requireFree refuses to replace an installation that somebody uses, and removes what a run that was killed has left.
func (c *Cluster) requireFree() error {
	ctx := context.Background()
	namespace, err := c.Typed.CoreV1().Namespaces().Get(ctx, systemNamespace, metav1.GetOptions{})
	if err == nil && namespace.Annotations[ours] == "" {
		return fmt.Errorf("this cluster has a Lastgood already, in namespace %s; remove it before the tests install theirs: "+
			"helm -n %[1]s uninstall %s && kubectl delete namespace %[1]s", systemNamespace, release)
	}
	if err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	if apierrors.IsNotFound(err) {
		namespace = &core.Namespace{ObjectMeta: metav1.ObjectMeta{Name: systemNamespace, Annotations: map[string]string{ours: "true"}}}
		_, err = c.Typed.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{})
		return err
	}
	left, err := c.Typed.CoreV1().Namespaces().List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for _, namespace := range left.Items {
		if namespace.Annotations["scenario"] != "" {
			if err := c.Typed.CoreV1().Namespaces().Delete(ctx, namespace.Name, metav1.DeleteOptions{}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *Cluster) installChart(replicas int) error {
	chart := filepath.Join(c.Project, "deploy", "charts", "lastgood")
	return c.helm("upgrade", "--install", release, chart, "--namespace", systemNamespace,
		// CRDs that were applied by hand become the chart's.
		"--take-ownership", "--force-conflicts", "--wait", "--timeout", "120s",
		// Many stories break their Deployments at once, and have nothing to do with each other.
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
	request := &authentication.TokenRequest{Spec: authentication.TokenRequestSpec{ExpirationSeconds: &seconds}}
	answer, err := c.Typed.CoreV1().ServiceAccounts(systemNamespace).CreateToken(context.Background(), release, request, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("a token for the controller's ServiceAccount: %w", err)
	}
	c.install.token = answer.Status.Token
	return nil
}

// writeKubeconfig writes one with the ServiceAccount's rights for a server, which may be a proxy.
func (c *Cluster) writeKubeconfig(path, server string, authority []byte) error {
	config := clientcmdapi.NewConfig()
	config.Clusters["cluster"] = &clientcmdapi.Cluster{Server: server, CertificateAuthorityData: authority}
	config.AuthInfos["lastgood"] = &clientcmdapi.AuthInfo{Token: c.install.token}
	config.Contexts["lastgood"] = &clientcmdapi.Context{Cluster: "cluster", AuthInfo: "lastgood"}
	config.CurrentContext = "lastgood"
	return clientcmd.WriteToFile(*config, path)
}

func (c *Cluster) cleanUp() error {
	err := c.awaitDoomed(2 * time.Minute)
	if gone := c.helm("uninstall", release, "--namespace", systemNamespace, "--wait", "--timeout", "60s"); gone != nil {
		return gone
	}
	if gone := c.Typed.CoreV1().Namespaces().Delete(context.Background(), systemNamespace, metav1.DeleteOptions{}); gone != nil {
		return gone
	}
	c.doomed = []string{systemNamespace}
	if gone := c.awaitDoomed(time.Minute); gone != nil {
		return gone
	}
	return err
}

func (c *Cluster) awaitDoomed(limit time.Duration) error {
	for _, namespace := range c.doomed {
		err := poll(limit, func(ctx context.Context) bool {
			_, err := c.Typed.CoreV1().Namespaces().Get(ctx, namespace, metav1.GetOptions{})
			return apierrors.IsNotFound(err)
		})
		if err != nil {
			return fmt.Errorf("namespace %s is not gone after %s", namespace, limit)
		}
	}
	return nil
}
