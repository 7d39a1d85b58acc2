// Package gitops runs the real Argo CD and Flux as processes of a test, outside the cluster. ./dev
// puts the programs into the cache. This package must not name a scenario.
//
// The controllers have their own ServiceAccounts, as in a real installation, so that the audit log
// shows which tool has changed an object.
package gitops

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	authentication "k8s.io/api/authentication/v1"
	core "k8s.io/api/core/v1"
	rbac "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/yaml"

	"lastgood.dev/tests/e2e/internal/client"
	"lastgood.dev/tests/e2e/internal/daemon"
	"lastgood.dev/tests/e2e/internal/local/layout"
)

const (
	// FieldManager is the field manager of the objects that a test applies.
	FieldManager = "kubectl"

	// tokenSeconds is the lifetime of the tokens of the tools. It is longer than any run.
	tokenSeconds = 3 * 3600
	// installLimit is how long the API server may take to serve a new kind.
	installLimit = 30 * time.Second
	// deleteLimit is how long the tools may take to delete what they have applied.
	deleteLimit  = time.Minute
	pollInterval = 100 * time.Millisecond
)

// Cluster is the cluster in which the tools work.
type Cluster struct {
	*client.Client
	config *rest.Config
}

// NewCluster returns the cluster of this configuration.
func NewCluster(config *rest.Config) (*Cluster, error) {
	made, err := client.New(config)
	if err != nil {
		return nil, err
	}
	return &Cluster{made, config}, nil
}

// Resource returns the resource of a kind that the tools use.
func Resource(apiVersion, kind string) schema.GroupVersionResource {
	version, err := schema.ParseGroupVersion(apiVersion)
	if err != nil {
		// The API version is a constant of the test.
		panic(err)
	}
	plural := strings.ToLower(kind) + "s"
	if strings.HasSuffix(kind, "y") {
		plural = strings.TrimSuffix(plural, "ys") + "ies"
	}
	return version.WithResource(plural)
}

// Apply applies a manifest in YAML by server-side apply, as `kubectl apply --server-side` does.
func (c *Cluster) Apply(ctx context.Context, namespace, manifest string) error {
	return c.applyAs(ctx, FieldManager, namespace, manifest)
}

func (c *Cluster) applyAs(ctx context.Context, manager, namespace, manifest string) error {
	object := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(manifest), &object.Object); err != nil {
		return fmt.Errorf("%w in the manifest:\n%s", err, manifest)
	}
	resource := Resource(object.GetAPIVersion(), object.GetKind())
	_, err := c.Dynamic.Resource(resource).Namespace(namespace).Apply(ctx, object.GetName(), object,
		metav1.ApplyOptions{FieldManager: manager, Force: true})
	return err
}

// patch changes an object by a merge patch.
func (c *Cluster) patch(ctx context.Context, resource schema.GroupVersionResource, namespace, name,
	patch string,
) error {
	_, err := c.Dynamic.Resource(resource).Namespace(namespace).Patch(ctx, name,
		types.MergePatchType, []byte(patch), metav1.PatchOptions{FieldManager: FieldManager})
	return err
}

// createKinds creates the kinds that the files in the folder define, and waits until the API server
// serves each of them. Kinds that exist already stay as they are.
func (c *Cluster) createKinds(ctx context.Context, folder string) error {
	paths, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil || len(paths) == 0 {
		return errors.Join(err, fmt.Errorf("no kinds are in %s", folder))
	}
	definitions := Resource("apiextensions.k8s.io/v1", "CustomResourceDefinition")
	var names []string
	for _, path := range paths {
		object, err := readObject(path)
		if err != nil {
			return err
		}
		_, err = c.Dynamic.Resource(definitions).Create(ctx, object, metav1.CreateOptions{})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("%s: %w", path, err)
		}
		names = append(names, object.GetName())
	}
	for _, name := range names {
		err := wait.PollUntilContextTimeout(ctx, pollInterval, installLimit, true,
			func(ctx context.Context) (bool, error) {
				object, err := c.Dynamic.Resource(definitions).Get(ctx, name, metav1.GetOptions{})
				return err == nil && conditionIs(object, "Established", "True"), nil
			})
		if err != nil {
			return fmt.Errorf("the API server does not serve %s: %w", name, err)
		}
	}
	return nil
}

func readObject(path string) (*unstructured.Unstructured, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	object := &unstructured.Unstructured{}
	if err := yaml.Unmarshal(text, &object.Object); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return object, nil
}

func (c *Cluster) createNamespace(ctx context.Context, name string) error {
	object := &core.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	_, err := c.CoreV1().Namespaces().Create(ctx, object, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

// createAccount creates a ServiceAccount with all permissions, and writes a kubeconfig with its
// token to the path.
func (c *Cluster) createAccount(ctx context.Context, namespace, name, path string) error {
	account := &core.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: name}}
	accounts := c.CoreV1().ServiceAccounts(namespace)
	_, err := accounts.Create(ctx, account, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	binding := &rbac.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: bindingName(namespace, name)},
		RoleRef:    rbac.RoleRef{APIGroup: rbac.GroupName, Kind: "ClusterRole", Name: "cluster-admin"},
		Subjects:   []rbac.Subject{{Kind: "ServiceAccount", Namespace: namespace, Name: name}},
	}
	_, err = c.RbacV1().ClusterRoleBindings().Create(ctx, binding, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	seconds := int64(tokenSeconds)
	request := &authentication.TokenRequest{
		Spec: authentication.TokenRequestSpec{ExpirationSeconds: &seconds},
	}
	response, err := accounts.CreateToken(ctx, name, request, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	return c.writeKubeconfig(path, namespace, response.Status.Token)
}

func bindingName(namespace, account string) string { return namespace + ":" + account }

func (c *Cluster) writeKubeconfig(path, namespace, token string) error {
	authority := c.config.CAData
	if len(authority) == 0 {
		var err error
		if authority, err = os.ReadFile(c.config.CAFile); err != nil {
			return err
		}
	}
	config := clientcmdapi.NewConfig()
	config.Clusters["cluster"] = &clientcmdapi.Cluster{
		Server: c.config.Host, CertificateAuthorityData: authority,
	}
	config.AuthInfos["tool"] = &clientcmdapi.AuthInfo{Token: token}
	config.Contexts["tool"] = &clientcmdapi.Context{
		Cluster: "cluster", AuthInfo: "tool", Namespace: namespace,
	}
	config.CurrentContext = "tool"
	return clientcmd.WriteToFile(*config, path)
}

// deleteAll deletes all objects of the resources in a namespace, or in all namespaces, and waits
// until they are gone. It removes their finalizers, because the tool may not run any more.
func (c *Cluster) deleteAll(ctx context.Context, namespace string,
	resources ...schema.GroupVersionResource,
) error {
	for _, resource := range resources {
		err := wait.PollUntilContextTimeout(ctx, pollInterval, deleteLimit, true,
			func(ctx context.Context) (bool, error) {
				list, err := c.Dynamic.Resource(resource).Namespace(namespace).
					List(ctx, metav1.ListOptions{})
				if err != nil {
					return apierrors.IsNotFound(err), nil
				}
				for _, object := range list.Items {
					c.delete(ctx, resource, object)
				}
				return len(list.Items) == 0, nil
			})
		if err != nil {
			return fmt.Errorf("%s remain: %w", resource.Resource, err)
		}
	}
	return nil
}

// delete deletes an object without its finalizers. deleteAll repeats what fails.
func (c *Cluster) delete(ctx context.Context, resource schema.GroupVersionResource,
	object unstructured.Unstructured,
) {
	objects := c.Dynamic.Resource(resource).Namespace(object.GetNamespace())
	if object.GetDeletionTimestamp() == nil {
		_ = objects.Delete(ctx, object.GetName(), metav1.DeleteOptions{})
	}
	if len(object.GetFinalizers()) > 0 {
		object.SetFinalizers(nil)
		_, _ = objects.Update(ctx, &object, metav1.UpdateOptions{})
	}
}

// deleteTool deletes the namespace of a tool and the permissions of its accounts.
func (c *Cluster) deleteTool(ctx context.Context, namespace string, accounts ...string) error {
	var problems []error
	for _, account := range accounts {
		err := c.RbacV1().ClusterRoleBindings().
			Delete(ctx, bindingName(namespace, account), metav1.DeleteOptions{})
		if !apierrors.IsNotFound(err) {
			problems = append(problems, err)
		}
	}
	err := c.CoreV1().Namespaces().Delete(ctx, namespace, metav1.DeleteOptions{})
	return errors.Join(append(problems, err)...)
}

// conditionIs reports whether the condition of a type has this status, and describes the present
// generation if it says which generation it describes.
func conditionIs(object *unstructured.Unstructured, conditionType, status string) bool {
	condition := Condition(object, conditionType)
	generation, found, _ := unstructured.NestedInt64(condition, "observedGeneration")
	return condition["status"] == status && (!found || generation == object.GetGeneration())
}

// Condition returns the condition of a type, or nil.
func Condition(object *unstructured.Unstructured, conditionType string) map[string]any {
	conditions, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions")
	for _, entry := range conditions {
		if condition, ok := entry.(map[string]any); ok && condition["type"] == conditionType {
			return condition
		}
	}
	return nil
}

// Program returns the path of a program that ./dev has put into the cache.
func Program(name string) string { return filepath.Join(packages(), "usr", "bin", name) }

// packages returns the folder with the programs, the kinds and the settings.
func packages() string { return filepath.Join(layout.Cache(), "gitops-servers") }

// newDaemon prepares a server with its own folder below the folder of the tool.
func newDaemon(program, host, folder, name string, args func(address string) []string) (
	*daemon.Daemon, error,
) {
	own := filepath.Join(folder, name)
	if err := os.MkdirAll(own, 0o700); err != nil {
		return nil, err
	}
	server, err := daemon.New(Program(program), "./dev cluster gitops-servers", host, own, args)
	if err == nil {
		server.Env = []string{"HOME=" + own, "TMPDIR=" + own}
	}
	return server, err
}
