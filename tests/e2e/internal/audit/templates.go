// The history of the template of a Deployment.
package audit

import (
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
)

// TemplateWrite is a successful write of a Deployment.
type TemplateWrite struct {
	Write
	UID string
	// Created is set for the write that created the Deployment.
	Created bool
	// Changed is set if the write changed spec.template of an existing Deployment.
	Changed bool
	// Template is spec.template after the write.
	Template json.RawMessage

	// ResourceVersion is that of the Deployment after the write.
	ResourceVersion uint64
}

// deployment has the fields of a Deployment that this package reads.
type deployment struct {
	Kind     string
	Metadata struct{ UID, ResourceVersion string }
	Spec     struct{ Template json.RawMessage }
}

// TemplateWrites returns the successful writes of a Deployment, in the order of their resource
// versions. A Deployment that was deleted and created again has another UID.
func (l *Log) TemplateWrites(namespace, name string) ([]TemplateWrite, error) {
	var writes []TemplateWrite
	for _, write := range l.Writes {
		if write.Namespace != namespace || write.Object != name {
			continue
		}
		parsed, isTemplate, err := write.AsTemplateWrite()
		if err != nil {
			return nil, err
		}
		if isTemplate {
			writes = append(writes, parsed)
		}
	}
	// Concurrent requests may be logged in any order.
	slices.SortStableFunc(writes, func(a, b TemplateWrite) int {
		return cmp.Compare(a.ResourceVersion, b.ResourceVersion)
	})
	return writes, findChanges(writes)
}

func mayChangeTemplate(write Write) bool {
	isDelete := write.Verb == "delete" || write.Verb == "deletecollection"
	return write.Succeeded() && write.Group == "apps" && write.Resource == "deployments" &&
		write.Subresource == "" && !isDelete
}

// TemplateChanges returns the writes that changed the template of an existing Deployment.
func (l *Log) TemplateChanges(namespace, name string) ([]TemplateWrite, error) {
	writes, err := l.TemplateWrites(namespace, name)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(writes, func(w TemplateWrite) bool { return !w.Changed }), nil
}

// AsTemplateWrite returns false if the write cannot change the template of a Deployment. It leaves
// Changed false, because Changed depends on the write before.
func (w Write) AsTemplateWrite() (TemplateWrite, bool, error) {
	if !mayChangeTemplate(w) {
		return TemplateWrite{}, false, nil
	}
	parsed, err := parseTemplate(w)
	return parsed, err == nil, err
}

func parseTemplate(write Write) (TemplateWrite, error) {
	var response deployment
	err := json.Unmarshal(write.response, &response)
	if err != nil || response.Kind != "Deployment" {
		return TemplateWrite{}, fmt.Errorf("the log has no response to the %s of Deployment %s/%s "+
			"at %s; the audit policy must have the level RequestResponse for Deployments",
			write.Verb, write.Namespace, write.Object, write.Time)
	}
	version, err := strconv.ParseUint(response.Metadata.ResourceVersion, 10, 64)
	if err != nil {
		return TemplateWrite{}, fmt.Errorf("resourceVersion of %s/%s: %w",
			write.Namespace, write.Object, err)
	}
	// A server-side apply that creates an object has the verb patch and this status.
	const created = 201
	return TemplateWrite{
		Write:           write,
		UID:             response.Metadata.UID,
		Created:         write.Code == created,
		Template:        response.Spec.Template,
		ResourceVersion: version,
	}, nil
}

// findChanges sets Changed by comparing each template with the previous template of the same UID.
func findChanges(writes []TemplateWrite) error {
	lastTemplates := map[string]any{}
	for i := range writes {
		write := &writes[i]
		var template any
		if err := json.Unmarshal(write.Template, &template); err != nil {
			return fmt.Errorf("template of %s/%s: %w", write.Namespace, write.Object, err)
		}
		before, exists := lastTemplates[write.UID]
		if !exists && !write.Created {
			return fmt.Errorf("the log begins after the creation of Deployment %s/%s (UID %s)",
				write.Namespace, write.Object, write.UID)
		}
		write.Changed = exists && !reflect.DeepEqual(before, template)
		lastTemplates[write.UID] = template
	}
	return nil
}

// PatchForRollback returns the name of the Rollback that a JSON patch of a template names as its
// cause, and false for all other writes.
func (w Write) PatchForRollback() (rollback string, isPatch bool) {
	const (
		templatePath = "/spec/template"
		markPath     = "/metadata/annotations/lastgood.dev~1rolled-back-by"
	)
	var operations []struct {
		Op, Path string
		Value    json.RawMessage
	}
	if w.Resource != "deployments" || json.Unmarshal(w.RequestBody, &operations) != nil {
		return "", false
	}
	for _, operation := range operations {
		isPatch = isPatch || operation.Path == templatePath && operation.Op != "test"
		if operation.Path == markPath {
			// A mark that is no string names no Rollback.
			_ = json.Unmarshal(operation.Value, &rollback)
		}
	}
	return rollback, isPatch
}
