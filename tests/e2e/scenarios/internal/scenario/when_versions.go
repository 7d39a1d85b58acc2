// When: another version of Lastgood is or was installed.
package scenario

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// NewUnderChart begins a scenario under the controllers of the chart, which it may upgrade. It does
// not run in parallel with others. Without the image in the cluster, it is skipped.
func NewUnderChart(t *testing.T) *Scenario {
	t.Helper()
	if shared.install.outside != "" {
		t.Skip("needs the image in the cluster; run it without LASTGOOD_TEST_CONTROLLER=outside")
	}
	s := begin(t)
	s.must(s.Cluster.installChart(chartReplicas))
	t.Cleanup(func() {
		if err := s.Cluster.installChart(0); err != nil {
			t.Error(err)
		}
	})
	return s
}

// ChartUpgraded upgrades the chart, so that other pods replace those of the controller one by one.
// The returned function waits until the upgrade is complete.
func (w *When) ChartUpgraded() (completed func()) {
	w.T.Helper()
	done := make(chan error, 1)
	version := fmt.Sprintf("podAnnotations.upgraded=at-%d", time.Now().UnixNano())
	go func() { done <- w.Cluster.installChart(chartReplicas, version) }()
	return func() {
		w.T.Helper()
		w.must(<-done)
	}
}

// EnumExtended adds a value to the enum of a field of the status of a kind of Lastgood, as the CRD
// of a newer version does. The value is removed at the end of the scenario.
func (w *When) EnumExtended(plural, field, value string) *When {
	w.T.Helper()
	definitions := w.Cluster.Dynamic.Resource(schema.GroupVersionResource{
		Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"})
	ctx, name := context.Background(), plural+".lastgood.dev"
	definition, err := definitions.Get(ctx, name, metav1.GetOptions{})
	w.must(err)
	versions, _, err := unstructured.NestedSlice(definition.Object, "spec", "versions")
	w.must(err)
	values, found, err := unstructured.NestedStringSlice(versions[0].(map[string]any), "schema",
		"openAPIV3Schema", "properties", "status", "properties", field, "enum")
	if err != nil || !found {
		w.T.Fatalf("status.%s of %s is no enum: %v", field, plural, err)
	}
	set := func(values []string) error {
		text, err := json.Marshal(values)
		if err != nil {
			return err
		}
		patch := fmt.Sprintf(`[{"op":"replace","path":"/spec/versions/0/schema/openAPIV3Schema/`+
			`properties/status/properties/%s/enum","value":%s}]`, field, text)
		_, err = definitions.Patch(ctx, name, types.JSONPatchType, []byte(patch),
			metav1.PatchOptions{FieldManager: fieldManager})
		return err
	}
	w.T.Cleanup(func() {
		if err := set(values); err != nil {
			w.T.Error(err)
		}
	})
	w.must(set(append(slices.Clone(values), value)))
	return w
}

// StatusSet sets a field of the status of an object of Lastgood. The API server may accept a new
// value of an enum only after a moment.
func (w *When) StatusSet(plural, name, field, value string) *When {
	w.T.Helper()
	objects := w.Cluster.Dynamic.Resource(lastgoodResource(plural)).Namespace(w.Namespace)
	patch := fmt.Sprintf(`{"status":{%q:%q}}`, field, value)
	what := fmt.Sprintf("the API server accepts status.%s %s of %s", field, value, name)
	w.eventually(what, func(ctx context.Context) (bool, string) {
		_, err := objects.Patch(ctx, name, types.MergePatchType, []byte(patch),
			metav1.PatchOptions{FieldManager: fieldManager}, "status")
		return err == nil, fmt.Sprint(err)
	})
	return w
}
