package fields

import (
	"slices"
	"testing"

	"sigs.k8s.io/yaml"
)

const schemaText = `
properties:
  mode: {type: string, enum: [A, B]}
  labels: {type: object, additionalProperties: {type: string}}
  checks:
    type: array
    items:
      properties:
        name: {type: string}
        http: {properties: {port: {type: integer}, path: {type: string}}}
`

const exampleText = `
mode: A
checks:
- {name: one}
- {name: two, http: {port: 8080}}
`

func parsed(t *testing.T, text string) map[string]any {
	t.Helper()
	object := map[string]any{}
	if err := yaml.Unmarshal([]byte(text), &object); err != nil {
		t.Fatal(err)
	}
	return object
}

func TestEachFieldOfTheSchemaHasAPlaceInTheExample(t *testing.T) {
	found, missing := Of(parsed(t, schemaText), parsed(t, exampleText))
	var pointers []string
	for _, field := range found {
		pointers = append(pointers, field.Name+" "+field.Pointer)
	}
	want := []string{"checks[].http.port /checks/1/http/port", "checks[].name /checks/0/name",
		"mode /mode"}
	if !slices.Equal(pointers, want) {
		t.Errorf("got %q; want %q", pointers, want)
	}
	if !slices.Equal(missing, []string{"checks[].http.path", "labels"}) {
		t.Errorf("%q are missing", missing)
	}
}

func TestOtherValuesHaveTheOtherEnumAndNotTheValueItself(t *testing.T) {
	found, _ := Of(parsed(t, schemaText), parsed(t, exampleText))
	var texts []string
	for _, value := range found[2].Others() {
		texts = append(texts, value.String())
	}
	if !slices.Contains(texts, `"B"`) || slices.Contains(texts, `"A"`) ||
		!slices.Contains(texts, "removed") {
		t.Errorf("got %q", texts)
	}
}
