// App is the Deployment of a scenario. It is a value: every method returns a changed copy.
package scenario

import (
	"maps"
	"slices"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"lastgood.dev/tests/e2e/internal/local/layout"
)

const (
	appPort = 8080
	// knobPort of the test application accepts POST /set, which changes environment variables.
	knobPort = 8081
)

// App is a Deployment as its owner writes it.
type App struct {
	Name, Version string

	image       string
	environment map[string]string
	annotations map[string]string
	labels      map[string]string
	edits       []func(*apps.Deployment)
}

// NewApp returns a healthy test application with one replica. It has not opted in.
func NewApp(name, version string) App {
	return App{Name: name, Version: version, image: layout.DemoImage}
}

// As returns the app in another version.
func (a App) As(version string) App {
	a.Version = version
	return a
}

// Named returns the app under another name.
func (a App) Named(name string) App {
	a.Name = name
	return a
}

// Env sets an environment variable of the pod template. The test application reads its behavior
// from variables such as HEALTH=fail; see the README of tests/app.
func (a App) Env(name, value string) App {
	a.environment = withEntry(a.environment, name, value)
	return a
}

// Annotated sets an annotation of the Deployment.
func (a App) Annotated(key, value string) App {
	a.annotations = withEntry(a.annotations, key, value)
	return a
}

// Labelled sets a label of the Deployment, not of its pods.
func (a App) Labelled(key, value string) App {
	a.labels = withEntry(a.labels, key, value)
	return a
}

// Guarded opts in by naming a policy in an annotation.
func (a App) Guarded(policy string) App { return a.Annotated("lastgood.dev/policy", policy) }

// Image replaces the image of the test application.
func (a App) Image(image string) App {
	a.image = image
	return a
}

// Edit changes any other field of the manifest.
func (a App) Edit(edit func(*apps.Deployment)) App {
	a.edits = append(slices.Clone(a.edits), edit)
	return a
}

// withEntry returns a copy of the map with one more entry.
func withEntry(before map[string]string, key, value string) map[string]string {
	after := maps.Clone(before)
	if after == nil {
		after = map[string]string{}
	}
	after[key] = value
	return after
}

// key returns the name of the app with its version.
func (a App) key() string { return a.Name + "/" + a.Version }

// variables returns VERSION as the first variable, by which podsOfVersion finds pods.
func (a App) variables() []core.EnvVar {
	variables := []core.EnvVar{{Name: "VERSION", Value: a.Version}}
	for _, name := range slices.Sorted(maps.Keys(a.environment)) {
		variables = append(variables, core.EnvVar{Name: name, Value: a.environment[name]})
	}
	return variables
}

// Manifest returns the Deployment that its owner applies.
func (a App) Manifest() *apps.Deployment {
	labels := map[string]string{"app": a.Name}
	replicas, grace := int32(1), int64(0)
	deployment := &apps.Deployment{
		TypeMeta:   metav1.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"},
		ObjectMeta: metav1.ObjectMeta{Name: a.Name, Labels: a.labels, Annotations: a.annotations},
		Spec: apps.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: core.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: core.PodSpec{
					TerminationGracePeriodSeconds: &grace,
					Containers: []core.Container{{
						Name: "app", Image: a.image, Env: a.variables(),
						Ports: []core.ContainerPort{{ContainerPort: appPort}},
					}},
				},
			},
		},
	}
	for _, edit := range a.edits {
		edit(deployment)
	}
	return deployment
}

// Replicas is an edit: it sets the number of replicas.
func Replicas(count int32) func(*apps.Deployment) {
	return func(d *apps.Deployment) { d.Spec.Replicas = &count }
}

// MinReadySeconds is an edit: a pod is available after it was ready for this time.
func MinReadySeconds(seconds int32) func(*apps.Deployment) {
	return func(d *apps.Deployment) { d.Spec.MinReadySeconds = seconds }
}

// Container is an edit of the only container.
func Container(edit func(*core.Container)) func(*apps.Deployment) {
	return func(d *apps.Deployment) { edit(&d.Spec.Template.Spec.Containers[0]) }
}

// ReadinessProbe is an edit: kubelet probes this path every second.
func ReadinessProbe(path string) func(*apps.Deployment) {
	return Container(func(c *core.Container) {
		c.ReadinessProbe = &core.Probe{PeriodSeconds: 1, ProbeHandler: core.ProbeHandler{
			HTTPGet: &core.HTTPGetAction{Path: path, Port: intstr.FromInt32(appPort)},
		}}
	})
}

// SchedulingGate is an edit: the pods are not scheduled until When().Scheduled removes the gate.
func SchedulingGate(d *apps.Deployment) {
	d.Spec.Template.Spec.SchedulingGates = []core.PodSchedulingGate{{Name: "lastgood.dev/test"}}
}

// EnvFromConfigMap is an edit: the container needs this ConfigMap to start.
func EnvFromConfigMap(name string) func(*apps.Deployment) {
	return Container(func(c *core.Container) {
		reference := core.LocalObjectReference{Name: name}
		c.EnvFrom = append(c.EnvFrom, core.EnvFromSource{
			ConfigMapRef: &core.ConfigMapEnvSource{LocalObjectReference: reference},
		})
	})
}

// TemplateAnnotated is an edit: it sets an annotation of the pod template.
func TemplateAnnotated(key, value string) func(*apps.Deployment) {
	return func(d *apps.Deployment) {
		d.Spec.Template.Annotations = withEntry(d.Spec.Template.Annotations, key, value)
	}
}
