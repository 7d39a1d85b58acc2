// Validation of manifests by the API server, as a dry run.
package scenario

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// DryRunErrors sends each object of a YAML text to the API server as a dry run, with the strict
// field validation that kubectl uses. It returns one error for each object that cannot be created.
// Invalid YAML is the last error: the rest of the text is not tried.
func (s *Scenario) DryRunErrors(text string) []error {
	s.T.Helper()
	var rejections []error
	decoder := yaml.NewYAMLToJSONDecoder(strings.NewReader(text))
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(&object.Object)
		if errors.Is(err, io.EOF) {
			return rejections
		}
		if err != nil {
			return append(rejections, fmt.Errorf("invalid YAML: %w", err))
		}
		if len(object.Object) == 0 {
			continue
		}
		if err := s.createDryRun(object); err != nil {
			rejections = append(rejections, err)
		}
	}
}

func (s *Scenario) createDryRun(object *unstructured.Unstructured) error {
	kind := object.GroupVersionKind()
	mapping, err := s.Cluster.Kinds.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		return err
	}
	options := metav1.CreateOptions{
		DryRun:          []string{metav1.DryRunAll},
		FieldValidation: metav1.FieldValidationStrict,
		FieldManager:    fieldManager,
	}
	resource := s.Cluster.Dynamic.Resource(mapping.Resource)
	if mapping.Scope.Name() != "namespace" {
		_, err = resource.Create(context.Background(), object, options)
		return err
	}
	// The cluster may lack the namespace that the manifest names.
	object.SetNamespace(s.Namespace)
	_, err = resource.Namespace(s.Namespace).Create(context.Background(), object, options)
	return err
}
