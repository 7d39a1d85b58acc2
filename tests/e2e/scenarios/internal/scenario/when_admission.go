// When: an admission policy that denies one version of an app.
package scenario

import (
	"context"
	"fmt"

	admission "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// VersionDenied makes the API server deny Deployments of a version in the scenario's namespace,
// with this message. The returned function removes the admission policy.
func (w *When) VersionDenied(app App, message string) (allow func()) {
	w.T.Helper()
	// Both objects are cluster-scoped. The name of the namespace makes their names unique.
	ctx, name := context.Background(), w.Namespace
	registration := w.Cluster.Typed.AdmissionregistrationV1()
	policies := registration.ValidatingAdmissionPolicies()
	bindings := registration.ValidatingAdmissionPolicyBindings()
	_, err := policies.Create(ctx, denyVersion(name, app.Version, message), metav1.CreateOptions{})
	w.must(err)
	allow = func() {
		// The cleanup of the test calls allow again, when both objects may be deleted already.
		_ = bindings.Delete(ctx, name, metav1.DeleteOptions{})
		_ = policies.Delete(ctx, name, metav1.DeleteOptions{})
	}
	w.T.Cleanup(allow)
	_, err = bindings.Create(ctx, bindToNamespace(name, w.Namespace), metav1.CreateOptions{})
	w.must(err)
	what := "the API server denies " + app.key()
	w.eventually(what, func(ctx context.Context) (bool, string) {
		patch := fmt.Sprintf(`{"spec":{"template":{"spec":{"containers":[`+
			`{"name":"app","env":[{"name":"VERSION","value":"%s"}]}]}}}}`, app.Version)
		options := metav1.PatchOptions{
			DryRun: []string{metav1.DryRunAll}, FieldManager: fieldManager,
		}
		_, err := w.Cluster.Typed.AppsV1().Deployments(w.Namespace).
			Patch(ctx, app.Name, types.StrategicMergePatchType, []byte(patch), options)
		return err != nil, "it is admitted"
	})
	return allow
}

func denyVersion(name, version, message string) *admission.ValidatingAdmissionPolicy {
	failure := admission.Fail
	rule := admission.NamedRuleWithOperations{RuleWithOperations: admission.RuleWithOperations{
		Operations: []admission.OperationType{admission.Create, admission.Update},
		Rule: admission.Rule{
			APIGroups:   []string{"apps"},
			APIVersions: []string{"v1"},
			Resources:   []string{"deployments"},
		},
	}}
	expression := fmt.Sprintf("object.spec.template.spec.containers.all(c, "+
		"c.env.all(e, e.name != 'VERSION' || e.value != '%s'))", version)
	return &admission.ValidatingAdmissionPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: admission.ValidatingAdmissionPolicySpec{
			FailurePolicy: &failure,
			MatchConstraints: &admission.MatchResources{
				ResourceRules: []admission.NamedRuleWithOperations{rule},
			},
			Validations: []admission.Validation{{Expression: expression, Message: message}},
		},
	}
}

func bindToNamespace(name, namespace string) *admission.ValidatingAdmissionPolicyBinding {
	return &admission.ValidatingAdmissionPolicyBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: admission.ValidatingAdmissionPolicyBindingSpec{
			PolicyName: name, ValidationActions: []admission.ValidationAction{admission.Deny},
			MatchResources: &admission.MatchResources{NamespaceSelector: &metav1.LabelSelector{
				MatchLabels: map[string]string{"kubernetes.io/metadata.name": namespace},
			}},
		},
	}
}
