// Package fields derives other values of the fields of an object from the schema of its kind: of a
// wrong type, missing, beyond the bounds, and valid. It only computes.
package fields

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Field is a field of the schema without fields of its own, at a place in an example.
type Field struct {
	// Name is the path in the schema, such as checks[].http.port.
	Name string
	// Pointer is the JSON pointer of the field in the example, such as /checks/0/http/port.
	Pointer string
	schema  map[string]any
	value   any
}

// place is a value of a part of the schema in the example.
type place struct {
	pointer string
	value   any
}

// Of returns the fields of a schema of openAPIV3Schema. Each must have a value in the example, for
// an item of a list in any item; missing are the names of those that have none.
func Of(schema map[string]any, example any) (found []Field, missing []string) {
	c := &collector{}
	c.visit("", schema, []place{{"", example}})
	return c.found, c.missing
}

type collector struct {
	found   []Field
	missing []string
}

func (c *collector) visit(name string, schema map[string]any, places []place) {
	if properties, isObject := schema["properties"].(map[string]any); isObject {
		for _, property := range slices.Sorted(maps.Keys(properties)) {
			c.visit(strings.TrimPrefix(name+"."+property, "."),
				properties[property].(map[string]any), within(places, property))
		}
		return
	}
	items, isList := schema["items"].(map[string]any)
	if _, isOfObjects := items["properties"]; isList && isOfObjects {
		c.visit(name+"[]", items, itemsOf(places))
		return
	}
	if len(places) == 0 {
		c.missing = append(c.missing, name)
		return
	}
	c.found = append(c.found, Field{name, places[0].pointer, schema, places[0].value})
}

func within(places []place, property string) []place {
	var found []place
	for _, at := range places {
		object, _ := at.value.(map[string]any)
		if value, exists := object[property]; exists {
			found = append(found, place{at.pointer + "/" + property, value})
		}
	}
	return found
}

func itemsOf(places []place) []place {
	var found []place
	for _, at := range places {
		list, _ := at.value.([]any)
		for index, value := range list {
			found = append(found, place{fmt.Sprintf("%s/%d", at.pointer, index), value})
		}
	}
	return found
}

// Value is another value of a field. If Removed is set, the field is removed.
type Value struct {
	Removed bool
	JSON    any
}

func (v Value) String() string {
	if v.Removed {
		return "removed"
	}
	text := fmt.Sprintf("%#v", v.JSON)
	const shown = 40
	return text[:min(len(text), shown)]
}

var duration = regexp.MustCompile(`^([0-9.]+(ms|s|m|h))+$`)

// Others returns other values of the field. The API server rejects most of them.
func (f Field) Others() []Value {
	values := []Value{{Removed: true}, {JSON: nil}, {JSON: map[string]any{"x": []any{1}}}}
	add := func(all ...any) {
		for _, value := range all {
			if fmt.Sprint(value) != fmt.Sprint(f.value) {
				values = append(values, Value{JSON: value})
			}
		}
	}
	const most = 1<<31 - 1
	switch kind, _ := f.schema["type"].(string); kind {
	case "boolean":
		add(true, false, "true", 1)
	case "integer", "number":
		add(-1, 0, 1, 2, 15, 100, most, "1")
	case "string":
		add("", "x", "-", 1, strings.Repeat("x", 5000), "\u0000", "line\nline")
		options, _ := f.schema["enum"].([]any)
		add(options...)
		if text, _ := f.value.(string); duration.MatchString(text) {
			add("0s", "1s", "1m", "24h", "1000h", "1", "1.5x")
		}
	default:
		add([]any{}, []any{"x"}, map[string]any{"x": "y"}, "x")
	}
	return values
}
