package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"

	"lastgood.dev/tests/e2e/internal/client"
	"lastgood.dev/tests/e2e/internal/local/cluster"
	"lastgood.dev/tests/e2e/internal/usage"
)

// scale is the part scale: thousands of Deployments without pods, and controllers outside the
// cluster. The controller manager is paused, so the bench writes the status of all objects.
type scale struct {
	bench *bench
	local *cluster.Cluster
	// program is the controller, and kubeconfig has its credentials.
	program, kubeconfig string
	// folder has the logs of the controllers.
	folder string
	// idle is how long a controller is observed while all Deployments are Idle.
	idle time.Duration
	// started is the number of controllers.
	started int
	// releases is the number of bad releases, each of one or more Deployments.
	releases int
	// memoryLimit is the limit of each controller in bytes, or 0.
	memoryLimit int64
	cgroups     []*memoryCgroup
	// loaded is the number of Deployments.
	loaded int
	// empty is the memory of a controller without objects, and emptySync is its first sync.
	empty     usage.ResidentMemory
	emptySync time.Duration
}

func measureScale(ctx context.Context, o options) (err error) {
	s, closeScale, err := newScale(ctx, o)
	if err != nil {
		return err
	}
	defer closeScale()
	if len(o.sizes) == 0 {
		o.sizes = []int{scaleDefaultSize}
	}
	if err := s.measureEmpty(ctx); err != nil {
		return err
	}
	for _, size := range o.sizes {
		if err := s.measureSize(ctx, size); err != nil {
			return err
		}
	}
	return nil
}

// newScale pauses the controller manager, and creates the namespace, the policy and the credentials
// of the controller.
func newScale(ctx context.Context, o options) (s *scale, closeScale func(), err error) {
	if o.controller == "" {
		return nil, nil, errors.New("the part scale needs --controller PROGRAM")
	}
	s = &scale{program: o.controller, idle: o.idle}
	if s.local, err = cluster.Open(o.clusterDir, io.Discard); err != nil {
		return nil, nil, err
	}
	if s.bench, err = newBench(ctx, o); err != nil {
		return nil, nil, err
	}
	resume := func() {}
	closeScale = func() {
		if err := s.unload(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		resume()
		s.deleteCredentials()
		s.bench.close()
		for _, cgroup := range s.cgroups {
			cgroup.remove()
		}
		_ = os.RemoveAll(s.folder)
	}
	pods, err := s.bench.controllerPods(ctx)
	if err == nil && len(pods) > 0 {
		err = errors.New("the part scale needs a cluster in which Lastgood is not installed")
	}
	if err == nil {
		resume, err = pauseManagers(s.local)
	}
	if err == nil {
		err = s.prepare(ctx, o)
	}
	if err != nil {
		closeScale()
		return nil, nil, err
	}
	return s, closeScale, nil
}

func (s *scale) prepare(ctx context.Context, o options) error {
	folder, err := os.MkdirTemp("", "lastgood-bench-")
	if err != nil {
		return err
	}
	s.folder = folder
	s.kubeconfig = filepath.Join(folder, "kubeconfig")
	if err := s.createCredentials(ctx, o); err != nil {
		return err
	}
	// The bench itself must not wait for a rate limit.
	config, err := client.Config(o.kubeconfig, "")
	if err != nil {
		return err
	}
	dynamicOnly, err := client.New(config)
	if err != nil {
		return err
	}
	config.ContentType = "application/vnd.kubernetes.protobuf"
	fast, err := client.New(config)
	if err != nil {
		return err
	}
	s.bench.Client = &client.Client{Interface: fast.Interface, Dynamic: dynamicOnly.Dynamic}
	return s.bench.createPolicy(ctx, map[string]any{
		"bakeTime": "1h",
		"selector": map[string]any{
			"matchLabels": map[string]any{"app.kubernetes.io/part-of": scalePart},
		},
		"rollback": map[string]any{"verifyFor": "1s", "cooldown": "0s",
			"limit": map[string]any{"count": int64(20)}},
	})
}

// createCredentials writes a kubeconfig with a token of a service account: the API server queues
// its requests as those of a controller in the cluster, unlike the requests of an administrator.
func (s *scale) createCredentials(ctx context.Context, o options) error {
	accounts := s.bench.CoreV1().ServiceAccounts(s.bench.namespace)
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "controller"}}
	if _, err := accounts.Create(ctx, account, metav1.CreateOptions{}); err != nil {
		return err
	}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: s.bench.namespace},
		RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole",
			Name: "cluster-admin"},
		Subjects: []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: account.Name,
			Namespace: s.bench.namespace}},
	}
	_, err := s.bench.RbacV1().ClusterRoleBindings().Create(ctx, binding, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	seconds := int64((24 * time.Hour).Seconds())
	token, err := accounts.CreateToken(ctx, account.Name, &authenticationv1.TokenRequest{
		Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &seconds},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	config, err := client.Config(o.kubeconfig, "")
	if err != nil {
		return err
	}
	return clientcmd.WriteToFile(api.Config{
		Clusters: map[string]*api.Cluster{
			"c": {Server: config.Host, CertificateAuthorityData: config.CAData},
		},
		AuthInfos:      map[string]*api.AuthInfo{"c": {Token: token.Status.Token}},
		Contexts:       map[string]*api.Context{"c": {Cluster: "c", AuthInfo: "c"}},
		CurrentContext: "c",
	}, s.kubeconfig)
}

func (s *scale) deleteCredentials() {
	// It may be missing.
	_ = s.bench.RbacV1().ClusterRoleBindings().
		Delete(context.Background(), s.bench.namespace, metav1.DeleteOptions{})
}

// measureEmpty measures the memory of a controller that watches no objects.
func (s *scale) measureEmpty(ctx context.Context) error {
	running, err := s.startController("empty")
	if err != nil {
		return err
	}
	defer running.stop(syscall.SIGTERM)
	if s.emptySync, err = running.awaitReady(ctx); err != nil {
		return err
	}
	if err := running.awaitSettled(ctx, 0); err != nil {
		return err
	}
	s.empty, err = running.ResidentMemory()
	return err
}

// measureSize loads Deployments until there are size of them, and prints all figures.
func (s *scale) measureSize(ctx context.Context, size int) error {
	began := time.Now()
	if err := s.load(ctx, s.loaded, size); err != nil {
		return err
	}
	from := s.loaded
	s.loaded = size
	fmt.Printf("%d Deployments, %d ReplicaSets   (loaded in %.0f s)\n", size, size*scaleRevisions,
		time.Since(began).Seconds())
	if err := s.adopt(ctx, from); err != nil {
		return err
	}
	if err := s.measurePeers(ctx); err != nil {
		return err
	}
	return s.measureController(ctx)
}
