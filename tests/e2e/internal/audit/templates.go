// The history of a Deployment's template.
package audit

import (
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
)

// TemplateWrite is one successful write of a Deployment.
type TemplateWrite struct {
	Write
	UID string
	// Created is set for the write that made the Deployment.
	Created bool
	// Changed says whether spec.template is another one than before; the write that made the Deployment changes nothing.
	Changed bool
	// Template is spec.template after the write.
	Template json.RawMessage

	version uint64
}

// The parts of a Deployment that are read.
type deployment struct {
	Kind     string
	Metadata struct{ UID, ResourceVersion string }
	Spec     struct{ Template json.RawMessage }
}

// TemplateWrites are the successful writes of a Deployment, in the order in which the store took them; one that was deleted
// and made again under its name is two, told apart by their uid.
func (l *Log) TemplateWrites(namespace, name string) ([]TemplateWrite, error) {
	var writes []TemplateWrite
	for _, write := range l.Writes {
		if !write.Succeeded() || write.Group != "apps" || write.Resource != "deployments" || write.Subresource != "" ||
			write.Namespace != namespace || write.Object != name || write.Verb == "delete" || write.Verb == "deletecollection" {
			continue
		}
		one, err := templateWrite(write)
		if err != nil {
			return nil, err
		}
		writes = append(writes, one)
	}
	// Answers to writes at the same time are logged in any order.
	slices.SortStableFunc(writes, func(a, b TemplateWrite) int { return cmp.Compare(a.version, b.version) })
	return writes, compare(writes)
}

// TemplateChanges are the writes that made the template of an existing Deployment another one.
func (l *Log) TemplateChanges(namespace, name string) ([]TemplateWrite, error) {
	writes, err := l.TemplateWrites(namespace, name)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(writes, func(w TemplateWrite) bool { return !w.Changed }), nil
}

func templateWrite(write Write) (TemplateWrite, error) {
	var answer deployment
	if err := json.Unmarshal(write.response, &answer); err != nil || answer.Kind != "Deployment" {
		return TemplateWrite{}, fmt.Errorf("the log lacks the Deployment %s/%s that was the answer to %s at %s; is its policy RequestResponse?",
			write.Namespace, write.Object, write.Verb, write.Time)
	}
	version, err := strconv.ParseUint(answer.Metadata.ResourceVersion, 10, 64)
	if err != nil {
		return TemplateWrite{}, fmt.Errorf("resourceVersion of %s/%s: %w", write.Namespace, write.Object, err)
	}
	// A server-side apply creates with the verb patch.
	const created = 201
	return TemplateWrite{
		Write: write, UID: answer.Metadata.UID, Created: write.Code == created, Template: answer.Spec.Template, version: version,
	}, nil
}

func compare(writes []TemplateWrite) error {
	last := map[string]any{}
	for i := range writes {
		var template any
		if err := json.Unmarshal(writes[i].Template, &template); err != nil {
			return fmt.Errorf("template of %s/%s: %w", writes[i].Namespace, writes[i].Object, err)
		}
		before, known := last[writes[i].UID]
		if !known && !writes[i].Created {
			return fmt.Errorf("the log does not reach back to the creation of Deployment %s/%s (uid %s)", writes[i].Namespace, writes[i].Object, writes[i].UID)
		}
		writes[i].Changed = known && !reflect.DeepEqual(before, template)
		last[writes[i].UID] = template
	}
	return nil
}
