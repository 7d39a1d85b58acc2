// The releases of the soak. The version of a release says whether it is good or bad, so that the
// audit log alone shows what the controller may do.
package main

import (
	"embed"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"lastgood.dev/tests/e2e/internal/local/layout"
)

//go:embed manifests/*.yaml
var manifests embed.FS

const (
	goodPrefix = "good-"
	badPrefix  = "bad-"
)

// release is one version of an application. knob and setting are an environment variable of the
// test application.
type release struct{ version, image, knob, setting string }

func isGood(version string) bool { return strings.HasPrefix(version, goodPrefix) }

func isBad(version string) bool { return strings.HasPrefix(version, badPrefix) }

func goodRelease(number int) release {
	return release{fmt.Sprintf("%s%d", goodPrefix, number), layout.DemoImage, "HEALTH", "ok"}
}

// badRelease returns a release that the policy detects.
func badRelease(number int, policy string, random *rand.Rand) release {
	kinds := []release{
		{"crash", layout.DemoImage, "CRASH_AFTER", "1"},
		// kubelet rejects this reference at once. A registry that does not respond is no fault of the
		// release.
		{"image", layout.LocalRegistry + "/UPPER-CASE-IS-NO-IMAGE", "HEALTH", "ok"},
	}
	switch policy {
	case "health":
		kinds = append(kinds, release{"health", layout.DemoImage, "HEALTH", "fail"},
			release{"status", layout.DemoImage, "HEALTH", "404"})
	case "metrics":
		kinds = append(kinds, release{"ratio", layout.DemoImage, "HEALTH_FAIL_RATIO", "0.9"},
			release{"errors", layout.DemoImage, "HEALTH", "fail"})
	}
	bad := kinds[random.IntN(len(kinds))]
	bad.version = fmt.Sprintf("%s%s-%d", badPrefix, bad.version, number)
	return bad
}

// manifest returns the Deployment of a release.
func (a *app) manifest(r release) (*unstructured.Unstructured, error) {
	objects, err := parseManifests("web.yaml", "NAME", a.name, "POLICY", a.policy, "IMAGE", r.image,
		"RELEASE", r.version, "KNOB", r.knob, "SETTING", r.setting)
	if err != nil {
		return nil, err
	}
	return objects[0], nil
}

// parseManifests returns the objects of a file. The strings in replace are pairs of a placeholder
// and its value.
func parseManifests(file string, replace ...string) ([]*unstructured.Unstructured, error) {
	text, err := manifests.ReadFile("manifests/" + file)
	if err != nil {
		return nil, err
	}
	var objects []*unstructured.Unstructured
	filled := strings.NewReplacer(replace...).Replace(string(text))
	for document := range strings.SplitSeq(filled, "\n---\n") {
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(document), &object.Object); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		objects = append(objects, object)
	}
	return objects, nil
}

// versionOf returns the version of a template, or "".
func versionOf(template json.RawMessage) string {
	var parsed struct {
		Spec struct {
			Containers []struct {
				Env []struct{ Name, Value string }
			}
		}
	}
	if json.Unmarshal(template, &parsed) != nil {
		return ""
	}
	for _, container := range parsed.Spec.Containers {
		for _, variable := range container.Env {
			if variable.Name == "VERSION" {
				return variable.Value
			}
		}
	}
	return ""
}
