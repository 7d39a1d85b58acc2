// What else has a say in a cluster: an admission policy that does not admit one version of an app any more.
package story

import (
	"context"
	"fmt"

	admission "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// VersionForbidden has the API server refuse Deployments of a version in the story's namespace, in those words, from now on; the
// answer takes that away again.
func (w *When) VersionForbidden(app App, words string) (allow func()) {
	w.T.Helper()
	ctx, name := context.Background(), w.Namespace
	failure := admission.Fail
	policy := &admission.ValidatingAdmissionPolicy{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: admission.ValidatingAdmissionPolicySpec{
		FailurePolicy: &failure,
		MatchConstraints: &admission.MatchResources{ResourceRules: []admission.NamedRuleWithOperations{{RuleWithOperations: admission.RuleWithOperations{
			Operations: []admission.OperationType{admission.Create, admission.Update},
			Rule:       admission.Rule{APIGroups: []string{"apps"}, APIVersions: []string{"v1"}, Resources: []string{"deployments"}},
		}}}},
		Validations: []admission.Validation{{
			Expression: fmt.Sprintf("object.spec.template.spec.containers.all(c, c.env.all(e, e.name != 'VERSION' || e.value != '%s'))", app.Version),
			Message:    words,
		}},
	}}
	binding := &admission.ValidatingAdmissionPolicyBinding{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: admission.ValidatingAdmissionPolicyBindingSpec{
		PolicyName: name, ValidationActions: []admission.ValidationAction{admission.Deny},
		MatchResources: &admission.MatchResources{NamespaceSelector: &metav1.LabelSelector{
			MatchLabels: map[string]string{"kubernetes.io/metadata.name": w.Namespace},
		}},
	}}
	policies, bindings := w.Cluster.Typed.AdmissionregistrationV1().ValidatingAdmissionPolicies(), w.Cluster.Typed.AdmissionregistrationV1().ValidatingAdmissionPolicyBindings()
	_, err := policies.Create(ctx, policy, metav1.CreateOptions{})
	w.must(err)
	allow = func() {
		// Both are gone at the end of the story at the latest, and then for the second time.
		_ = bindings.Delete(ctx, name, metav1.DeleteOptions{})
		_ = policies.Delete(ctx, name, metav1.DeleteOptions{})
	}
	w.T.Cleanup(allow)
	_, err = bindings.Create(ctx, binding, metav1.CreateOptions{})
	w.must(err)
	w.eventually("the API server refuses "+app.key(), func(ctx context.Context) (bool, string) {
		probe := fmt.Sprintf(`{"spec":{"template":{"spec":{"containers":[{"name":"app","env":[{"name":"VERSION","value":"%s"}]}]}}}}`, app.Version)
		_, err := w.Cluster.Typed.AppsV1().Deployments(w.Namespace).Patch(ctx, app.Name, types.StrategicMergePatchType, []byte(probe),
			metav1.PatchOptions{DryRun: []string{metav1.DryRunAll}, FieldManager: person})
		return err != nil, "it takes it"
	})
	return allow
}
