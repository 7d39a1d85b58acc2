// Given: Secrets with the credentials of a metrics server, and the permission to read them.
package scenario

import (
	"context"

	core "k8s.io/api/core/v1"
	rbac "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const credentialsLabel = "lastgood.dev/metrics-credentials"

// Credentials creates or replaces a Secret with the label for credentials.
func (g *Given) Credentials(name string, data map[string]string) *Given {
	g.T.Helper()
	g.secret(name, map[string]string{credentialsLabel: "true"}, data)
	return g
}

// SecretWithoutLabel creates or replaces a Secret that is not meant for a metrics server.
func (g *Given) SecretWithoutLabel(name string, data map[string]string) *Given {
	g.T.Helper()
	g.secret(name, nil, data)
	return g
}

func (g *Given) secret(name string, labels, data map[string]string) {
	g.T.Helper()
	secrets := g.Cluster.Typed.CoreV1().Secrets(g.Namespace)
	ctx := context.Background()
	g.must(secrets.DeleteCollection(ctx, metav1.DeleteOptions{},
		metav1.ListOptions{FieldSelector: "metadata.name=" + name}))
	_, err := secrets.Create(ctx, &core.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}, StringData: data,
	}, metav1.CreateOptions{})
	g.must(err)
}

// ControllerMay gives the controller a permission in the namespace of the scenario. The chart gives
// this permission only with other values, or only in the system namespace.
func (s *Scenario) ControllerMay(group, resource string, verbs ...string) {
	s.T.Helper()
	meta := metav1.ObjectMeta{GenerateName: "controller-may-"}
	role := &rbac.Role{ObjectMeta: meta, Rules: []rbac.PolicyRule{{
		APIGroups: []string{group}, Resources: []string{resource}, Verbs: verbs,
	}}}
	api := s.Cluster.Typed.RbacV1()
	role, err := api.Roles(s.Namespace).Create(context.Background(), role, metav1.CreateOptions{})
	s.must(err)
	binding := &rbac.RoleBinding{ObjectMeta: meta,
		RoleRef: rbac.RoleRef{APIGroup: rbac.GroupName, Kind: "Role", Name: role.Name},
		Subjects: []rbac.Subject{
			{Kind: "ServiceAccount", Namespace: systemNamespace, Name: helmRelease},
		},
	}
	_, err = api.RoleBindings(s.Namespace).
		Create(context.Background(), binding, metav1.CreateOptions{})
	s.must(err)
}
