// What the API server would say to a manifest, without keeping it.
package story

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

// Refusals are the API server's, one for each object in a YAML text that it would not take; with strict validation, as
// kubectl asks for it.
func (s *Story) Refusals(text string) []error {
	s.T.Helper()
	var refusals []error
	decoder := yaml.NewYAMLToJSONDecoder(strings.NewReader(text))
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(&object.Object)
		if errors.Is(err, io.EOF) {
			return refusals
		}
		if err != nil {
			return append(refusals, fmt.Errorf("is no YAML: %w", err))
		}
		if len(object.Object) == 0 {
			continue
		}
		if err := s.tryOut(object); err != nil {
			refusals = append(refusals, err)
		}
	}
}

func (s *Story) tryOut(object *unstructured.Unstructured) error {
	kind := object.GroupVersionKind()
	mapping, err := s.Cluster.Kinds.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		return err
	}
	options := metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}, FieldValidation: metav1.FieldValidationStrict, FieldManager: person}
	resource := s.Cluster.Dynamic.Resource(mapping.Resource)
	if mapping.Scope.Name() != "namespace" {
		_, err = resource.Create(context.Background(), object, options)
		return err
	}
	// The example's own namespace need not exist.
	object.SetNamespace(s.Namespace)
	_, err = resource.Namespace(s.Namespace).Create(context.Background(), object, options)
	return err
}
