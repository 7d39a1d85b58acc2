package main

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	kube "k8s.io/client-go/kubernetes"

	"lastgood.dev/tests/e2e/internal/client"
)

//go:embed manifests/*.yaml
var manifests embed.FS

// cluster does the steps of a user with kubectl, and reads objects with a client.
type cluster struct {
	options
	typed   kube.Interface
	dynamic dynamic.Interface
}

func connect(o options) (*cluster, error) {
	connected, err := client.Connect(o.kubeconfig, o.context)
	if err != nil {
		return nil, err
	}
	return &cluster{options: o, typed: connected, dynamic: connected.Dynamic}, nil
}

func (c *cluster) createNamespace(ctx context.Context) error {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: c.namespace}}
	_, err := c.typed.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("namespace %[1]s already exists, perhaps from an earlier demo; delete it: "+
			"kubectl delete namespace %[1]s (on the local Kubernetes: "+
			"./dev cluster kubectl delete namespace %[1]s)", c.namespace)
	}
	return err
}

func (c *cluster) deleteNamespace() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	_ = c.typed.CoreV1().Namespaces().Delete(ctx, c.namespace, metav1.DeleteOptions{})
}

// apply runs a client-side `kubectl apply` with a manifest. The strings in replace are pairs of a
// placeholder and its value.
func (c *cluster) apply(ctx context.Context, file string, replace ...string) error {
	text, err := manifests.ReadFile("manifests/" + file)
	if err != nil {
		return err
	}
	args := []string{"--kubeconfig", c.kubeconfig, "--namespace", c.namespace, "apply", "-f", "-"}
	if c.context != "" {
		args = append([]string{"--context", c.context}, args...)
	}
	command := exec.CommandContext(ctx, c.kubectl, args...)
	command.Stdin = strings.NewReader(strings.NewReplacer(replace...).Replace(string(text)))
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	if err := command.Run(); err != nil {
		return fmt.Errorf("kubectl apply of %s: %w: %s", file, err, output.String())
	}
	if strings.Contains(output.String(), "Warning") {
		return fmt.Errorf("kubectl apply of %s printed a warning: %s", file, output.String())
	}
	return nil
}

func (c *cluster) deployment(ctx context.Context) (*appsv1.Deployment, error) {
	return c.typed.AppsV1().Deployments(c.namespace).Get(ctx, "web", metav1.GetOptions{})
}

// visit sends GET / to the application through the API server.
func (c *cluster) visit(ctx context.Context) (string, error) {
	services := c.typed.CoreV1().Services(c.namespace)
	body, err := services.ProxyGet("http", "web", "80", "/", nil).DoRaw(ctx)
	return strings.TrimSpace(string(body)), err
}

func (c *cluster) guard(ctx context.Context) (*unstructured.Unstructured, error) {
	guards := c.dynamic.Resource(client.Guards).Namespace(c.namespace)
	return guards.Get(ctx, "web", metav1.GetOptions{})
}

func (c *cluster) rollbacks(ctx context.Context) ([]unstructured.Unstructured, error) {
	rollbacks := c.dynamic.Resource(client.Rollbacks).Namespace(c.namespace)
	list, err := rollbacks.List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	return list.Items, nil
}

// onlyRollback returns the Rollback of the demo, or nil if it does not exist yet.
func (c *cluster) onlyRollback(ctx context.Context) (*unstructured.Unstructured, error) {
	all, err := c.rollbacks(ctx)
	if err != nil {
		return nil, err
	}
	switch len(all) {
	case 0:
		return nil, nil
	case 1:
		return &all[0], nil
	default:
		return nil, fmt.Errorf("there are %d Rollbacks; want one", len(all))
	}
}

var errNotYet = errors.New("not yet")

// until polls while check returns errNotYet, at most for the time limit.
func until(ctx context.Context, what string, limit time.Duration, check func() error) error {
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		err := check()
		if err == nil || !errors.Is(err, errNotYet) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-deadline.C:
			return fmt.Errorf("timed out after %v waiting for: %s", limit, what)
		case <-ticker.C:
		}
	}
}
