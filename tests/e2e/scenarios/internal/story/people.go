// Given and When: people who are not the administrator. They are impersonated, so that the API server judges them by the roles
// that they have been given, as it judges anybody.
package story

import (
	"context"
	"fmt"
	"strings"

	authorization "k8s.io/api/authorization/v1"
	rbac "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
)

// Role makes one in the story's namespace, from YAML.
func (g *Given) Role(text string) *Given {
	g.T.Helper()
	g.Kubectl(text, "create", "-f", "-")
	return g
}

// Has gives a user a Role of the namespace, or a ClusterRole in it, and waits until they may do what it is for: "patch rollbacks.lastgood.dev".
func (g *Given) Has(user, kind, role, may string) *Given {
	g.T.Helper()
	binding := &rbac.RoleBinding{ObjectMeta: metav1.ObjectMeta{Name: user},
		RoleRef:  rbac.RoleRef{APIGroup: rbac.GroupName, Kind: kind, Name: role},
		Subjects: []rbac.Subject{{APIGroup: rbac.GroupName, Kind: rbac.UserKind, Name: user}},
	}
	_, err := g.Cluster.Typed.RbacV1().RoleBindings(g.Namespace).Create(context.Background(), binding, metav1.CreateOptions{})
	g.must(err)
	verb, what, _ := strings.Cut(may, " ")
	resource := schema.ParseGroupResource(what)
	question := &authorization.SubjectAccessReview{Spec: authorization.SubjectAccessReviewSpec{User: user, ResourceAttributes: &authorization.ResourceAttributes{
		Namespace: g.Namespace, Verb: verb, Group: resource.Group, Resource: resource.Resource,
	}}}
	g.eventually(fmt.Sprintf("%s may %s", user, may), func(ctx context.Context) (bool, string) {
		answer, err := g.Cluster.Typed.AuthorizationV1().SubjectAccessReviews().Create(ctx, question, metav1.CreateOptions{})
		if err != nil {
			return false, err.Error()
		}
		return answer.Status.Allowed, fmt.Sprintf("%+v", answer.Status)
	})
	return g
}

// ApprovesAs is Approves by somebody with rights of their own; the answer is the API server's.
func (w *When) ApprovesAs(user, rollback string) error {
	w.T.Helper()
	return w.patchedAs(user, kind("rollbacks"), rollback, `{"spec":{"approved":true}}`)
}

// ApprovesByAnnotationAs is ApprovesByAnnotation by somebody with rights of their own; the answer is the API server's.
func (w *When) ApprovesByAnnotationAs(user, name, rollback string) error {
	w.T.Helper()
	deployments := schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}
	return w.patchedAs(user, deployments, name, `{"metadata":{"annotations":{"lastgood.dev/approve":"`+rollback+`"}}}`)
}

func (w *When) patchedAs(user string, resource schema.GroupVersionResource, name, patch string) error {
	w.T.Helper()
	config := rest.CopyConfig(w.Cluster.Config)
	config.Impersonate.UserName = user
	client, err := dynamic.NewForConfig(config)
	w.must(err)
	_, err = client.Resource(resource).Namespace(w.Namespace).
		Patch(context.Background(), name, types.MergePatchType, []byte(patch), metav1.PatchOptions{FieldManager: person})
	return err
}
