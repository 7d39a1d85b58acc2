// The Deployments of the soak, and how it reads and writes them.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"lastgood.dev/tests/e2e/internal/client"
)

const (
	namespaces       = 3
	appsOfANamespace = 8
	fieldManager     = "owner"
	pollInterval     = time.Second
)

var policies = []string{"health", "metrics", "rollout"}

// app is one guarded Deployment.
type app struct {
	namespace, name, policy string
	// released is when the present release was applied, and bad says whether it is bad.
	released time.Time
	bad      bool
}

func (a *app) String() string { return a.namespace + "/" + a.name }

// guard has the fields of the status of a DeploymentGuard that the soak reads.
type guard struct {
	State, Reason, Message string
	Current, LastGood      *struct{ Verdict string }
	Revisions              []struct{ Verdict string }
}

// isGood reports whether the present release is good and nothing is in progress.
func (g guard) isGood() bool {
	return g.State == "Idle" && g.Current != nil &&
		(g.Current.Verdict == "Good" || g.Current.Verdict == "PresumedGood")
}

type fleet struct {
	*client.Client
	namespaces []string
	apps       []*app
	// releases is the number of the latest release.
	releases int
}

// newFleet creates the namespaces, the policies and the Deployments, and waits until each has a
// good revision.
func newFleet(ctx context.Context, c *client.Client, random *rand.Rand) (*fleet, error) {
	f := &fleet{Client: c}
	for range namespaces {
		meta := metav1.ObjectMeta{GenerateName: "lastgood-soak-"}
		made, err := c.CoreV1().Namespaces().
			Create(ctx, &corev1.Namespace{ObjectMeta: meta}, metav1.CreateOptions{})
		if err != nil {
			return f, err
		}
		f.namespaces = append(f.namespaces, made.Name)
		if err := f.applyPolicies(ctx, made.Name, random); err != nil {
			return f, err
		}
		for number := range appsOfANamespace {
			f.apps = append(f.apps, &app{namespace: made.Name, name: fmt.Sprintf("web-%d", number),
				policy: policies[number%len(policies)]})
		}
	}
	for _, a := range f.apps {
		if err := f.release(ctx, a, f.nextGood()); err != nil {
			return f, err
		}
	}
	return f, f.awaitGood(ctx)
}

func (f *fleet) awaitGood(ctx context.Context) error {
	const limit = 5 * time.Minute
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for _, a := range f.apps {
		for {
			found, err := f.guard(ctx, a)
			if err == nil && found.isGood() {
				break
			}
			if sleep(ctx, pollInterval) != nil {
				return fmt.Errorf("%s has no good revision: %+v, %w", a, found, err)
			}
		}
	}
	return nil
}

// remove deletes the namespaces and waits until they are gone, also after an interrupt.
func (f *fleet) remove() {
	const limit = 4 * time.Minute
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	for _, name := range f.namespaces {
		for {
			// The deletion goes on after the first request.
			err := f.CoreV1().Namespaces().Delete(ctx, name, metav1.DeleteOptions{})
			if apierrors.IsNotFound(err) {
				break
			}
			if sleep(ctx, pollInterval) != nil {
				fmt.Fprintf(os.Stderr, "Namespace %s still exists: %v\n", name, err)
				break
			}
		}
	}
}

func (f *fleet) nextGood() release {
	f.releases++
	return goodRelease(f.releases)
}

// release applies a release as the owner of the Deployment, without --force-conflicts. It fails if
// the controller took a field of the owner.
func (f *fleet) release(ctx context.Context, a *app, r release) error {
	object, err := a.manifest(r)
	if err != nil {
		return err
	}
	err = f.apply(ctx, appsv1.SchemeGroupVersion.WithResource("deployments"), a.namespace, object)
	if err == nil {
		a.released, a.bad = time.Now(), isBad(r.version)
	}
	return err
}

func (f *fleet) apply(ctx context.Context, kind schema.GroupVersionResource, namespace string,
	object *unstructured.Unstructured,
) error {
	return patiently(ctx, func() error {
		_, err := f.Dynamic.Resource(kind).Namespace(namespace).
			Apply(ctx, object.GetName(), object, metav1.ApplyOptions{FieldManager: fieldManager})
		return err
	})
}

// applyPolicies applies the policies of a namespace with random values.
func (f *fleet) applyPolicies(ctx context.Context, namespace string, random *rand.Rand) error {
	objects, err := parseManifests("policies.yaml",
		"BAKE", fmt.Sprintf("%ds", 8+random.IntN(8)), "THRESHOLD", strconv.Itoa(2+random.IntN(2)))
	if err != nil {
		return err
	}
	for _, object := range objects {
		if err := f.apply(ctx, client.Policies, namespace, object); err != nil {
			return err
		}
	}
	return nil
}

func (f *fleet) guard(ctx context.Context, a *app) (guard, error) {
	var found guard
	object, err := f.Dynamic.Resource(client.Guards).Namespace(a.namespace).
		Get(ctx, a.name, metav1.GetOptions{})
	if err != nil {
		return found, err
	}
	text, err := json.Marshal(object.Object["status"])
	if err != nil {
		return found, err
	}
	return found, json.Unmarshal(text, &found)
}

// patiently repeats a request while the API server cannot be reached. All requests of the soak can
// be repeated.
func patiently(ctx context.Context, send func() error) error {
	const limit = 2 * time.Minute
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		err := send()
		var answer apierrors.APIStatus
		if err == nil || errors.As(err, &answer) && !isTemporary(err) {
			return err
		}
		if sleep(ctx, pollInterval) != nil {
			return err
		}
	}
}

func isTemporary(err error) bool {
	return apierrors.IsServiceUnavailable(err) || apierrors.IsTooManyRequests(err) ||
		apierrors.IsServerTimeout(err) || apierrors.IsTimeout(err) || apierrors.IsInternalError(err) ||
		// The permissions of the soak do not change. An API server that has just started may not
		// know them yet.
		apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err)
}

func sleep(ctx context.Context, duration time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(duration):
		return nil
	}
}
