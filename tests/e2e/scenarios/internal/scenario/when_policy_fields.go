// When: single fields of a policy are changed.
package scenario

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"lastgood.dev/tests/e2e/scenarios/internal/fields"
)

// PolicyFields returns the fields of a policy's spec by the CRD, each at its place in the spec. The
// spec must have each of them.
func (s *Scenario) PolicyFields(spec any) []fields.Field {
	s.T.Helper()
	text, err := os.ReadFile(filepath.Join(s.Cluster.Project, "crds", "rollbackpolicies.yaml"))
	s.must(err)
	var definition struct {
		Spec struct {
			Versions []struct {
				Schema struct {
					OpenAPIV3Schema struct{ Properties map[string]map[string]any }
				}
			}
		}
	}
	s.must(yaml.Unmarshal(text, &definition))
	schema := definition.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"]
	found, missing := fields.Of(schema, spec)
	if len(missing) > 0 {
		s.T.Fatalf("the example lacks the fields %q", missing)
	}
	return found
}

// PolicySpecSet replaces the spec of a policy.
func (w *When) PolicySpecSet(name string, spec any) *When {
	w.T.Helper()
	w.must(w.patchPolicy(name, map[string]any{"op": "replace", "path": "/spec", "value": spec}))
	return w
}

// PolicyFieldChanged changes one field of a policy, and returns the error of the API server if it
// rejects the value.
func (w *When) PolicyFieldChanged(name string, field fields.Field, value fields.Value) error {
	w.T.Helper()
	operation := map[string]any{"op": "replace", "path": "/spec" + field.Pointer, "value": value.JSON}
	if value.Removed {
		operation = map[string]any{"op": "remove", "path": "/spec" + field.Pointer}
	}
	return w.patchPolicy(name, operation)
}

func (w *When) patchPolicy(name string, operation map[string]any) error {
	patch, err := json.Marshal([]any{operation})
	if err != nil {
		return err
	}
	_, err = w.Cluster.Dynamic.Resource(lastgoodResource("rollbackpolicies")).
		Namespace(w.Namespace).Patch(context.Background(), name, types.JSONPatchType, patch,
		metav1.PatchOptions{FieldManager: fieldManager,
			// Otherwise client-go prints a warning for each unknown field.
			FieldValidation: metav1.FieldValidationIgnore})
	return err
}
