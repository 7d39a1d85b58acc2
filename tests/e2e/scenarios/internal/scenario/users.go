// Given and When: users who are not the administrator. The requests impersonate them, so that the
// API server authorizes them by their own roles.
package scenario

import (
	"context"
	"fmt"
	"strings"

	apps "k8s.io/api/apps/v1"
	authorization "k8s.io/api/authorization/v1"
	rbac "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
)

// Role creates a Role in the scenario's namespace; text is its YAML.
func (g *Given) Role(text string) *Given {
	g.T.Helper()
	g.Kubectl(text, "create", "-f", "-")
	return g
}

// UserWithRole binds a role to a user in the scenario's namespace; kind is Role or ClusterRole. It
// waits until the user has a permission of that role, such as "patch rollbacks.lastgood.dev".
func (g *Given) UserWithRole(user, kind, role, permission string) *Given {
	g.T.Helper()
	binding := &rbac.RoleBinding{ObjectMeta: metav1.ObjectMeta{Name: user},
		RoleRef:  rbac.RoleRef{APIGroup: rbac.GroupName, Kind: kind, Name: role},
		Subjects: []rbac.Subject{{APIGroup: rbac.GroupName, Kind: rbac.UserKind, Name: user}},
	}
	bindings := g.Cluster.Typed.RbacV1().RoleBindings(g.Namespace)
	_, err := bindings.Create(context.Background(), binding, metav1.CreateOptions{})
	g.must(err)
	verb, object, _ := strings.Cut(permission, " ")
	resource := schema.ParseGroupResource(object)
	review := &authorization.SubjectAccessReview{Spec: authorization.SubjectAccessReviewSpec{
		User: user,
		ResourceAttributes: &authorization.ResourceAttributes{
			Namespace: g.Namespace, Verb: verb, Group: resource.Group, Resource: resource.Resource,
		},
	}}
	reviews := g.Cluster.Typed.AuthorizationV1().SubjectAccessReviews()
	what := fmt.Sprintf("user %s may %s", user, permission)
	g.eventually(what, func(ctx context.Context) (bool, string) {
		result, err := reviews.Create(ctx, review, metav1.CreateOptions{})
		if err != nil {
			return false, err.Error()
		}
		return result.Status.Allowed, fmt.Sprintf("%+v", result.Status)
	})
	return g
}

// ApproveAs approves a Rollback in its spec as this user, and returns the API server's error.
func (w *When) ApproveAs(user, rollback string) error {
	w.T.Helper()
	return w.patchAs(user, lastgoodResource("rollbacks"), rollback, `{"spec":{"approved":true}}`)
}

// ApproveByAnnotationAs approves a Rollback by an annotation of the Deployment as this user, and
// returns the API server's error.
func (w *When) ApproveByAnnotationAs(user, name, rollback string) error {
	w.T.Helper()
	deployments := apps.SchemeGroupVersion.WithResource("deployments")
	patch := `{"metadata":{"annotations":{"lastgood.dev/approve":"` + rollback + `"}}}`
	return w.patchAs(user, deployments, name, patch)
}

func (w *When) patchAs(user string, resource schema.GroupVersionResource,
	name, patch string) error {
	w.T.Helper()
	config := rest.CopyConfig(w.Cluster.Config)
	config.Impersonate.UserName = user
	client, err := dynamic.NewForConfig(config)
	w.must(err)
	_, err = client.Resource(resource).Namespace(w.Namespace).
		Patch(context.Background(), name, types.MergePatchType, []byte(patch),
			metav1.PatchOptions{FieldManager: fieldManager})
	return err
}
