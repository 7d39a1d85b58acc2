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

// cluster is what the story needs of one: the user's own tools for what a user does, a client for what is looked at.
type cluster struct {
	options
	typed kube.Interface
	own   dynamic.Interface
}

func connect(o options) (*cluster, error) {
	connected, err := client.Connect(o.kubeconfig, o.context)
	if err != nil {
		return nil, err
	}
	return &cluster{options: o, typed: connected, own: connected.Dynamic}, nil
}

func (c *cluster) makeNamespace(ctx context.Context) error {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: c.namespace}}
	_, err := c.typed.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("the namespace %s exists already, perhaps from an earlier demo; delete it (kubectl delete namespace %s) or name another with --namespace", c.namespace, c.namespace)
	}
	return err
}

func (c *cluster) removeNamespace() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	_ = c.typed.CoreV1().Namespaces().Delete(ctx, c.namespace, metav1.DeleteOptions{})
}

// apply does what a user does: kubectl apply, client-side, of a file.
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
		return fmt.Errorf("kubectl apply of %s warns: %s", file, output.String())
	}
	return nil
}

func (c *cluster) deployment(ctx context.Context) (*appsv1.Deployment, error) {
	return c.typed.AppsV1().Deployments(c.namespace).Get(ctx, "web", metav1.GetOptions{})
}

// visit asks the application what a visitor would see, through the API server.
func (c *cluster) visit(ctx context.Context) (string, error) {
	answer, err := c.typed.CoreV1().Services(c.namespace).ProxyGet("http", "web", "80", "/", nil).DoRaw(ctx)
	return strings.TrimSpace(string(answer)), err
}

func (c *cluster) guard(ctx context.Context) (*unstructured.Unstructured, error) {
	return c.own.Resource(client.Guards).Namespace(c.namespace).Get(ctx, "web", metav1.GetOptions{})
}

func (c *cluster) onlyRollback(ctx context.Context) (*unstructured.Unstructured, error) {
	list, err := c.own.Resource(client.Rollbacks).Namespace(c.namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	switch len(list.Items) {
	case 0:
		return nil, nil
	case 1:
		return &list.Items[0], nil
	default:
		return nil, fmt.Errorf("there are %d Rollbacks where one is due", len(list.Items))
	}
}

var errNotYet = errors.New("not yet")

// until asks several times a second until it is so; errNotYet means to ask again.
func until(ctx context.Context, what string, limit time.Duration, is func() error) error {
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		err := is()
		if err == nil || !errors.Is(err, errNotYet) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-deadline.C:
			return fmt.Errorf("waited %v in vain until %s", limit, what)
		case <-ticker.C:
		}
	}
}
