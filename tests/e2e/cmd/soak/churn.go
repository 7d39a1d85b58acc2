// The churn: what users do to the fleet, chosen by a seeded random source.
package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"lastgood.dev/tests/e2e/internal/client"
)

const (
	// meanPause is the mean time between two actions, and maxPause the longest.
	meanPause = 2500 * time.Millisecond
	maxPause  = 10 * time.Second
	// undisturbed is how long most bad releases are left to the controller.
	undisturbed = time.Minute
	// maxReplicas is small, because the node runs all pods and all of Kubernetes.
	maxReplicas = 2
)

// churn changes the fleet. Only one action runs at a time.
type churn struct {
	*fleet
	random *rand.Rand
	// done counts the actions by name.
	done map[string]int
	// rollbacks is the number of manual Rollbacks that were created.
	rollbacks int
	// conflicts are the releases of owners that were rejected because of a conflict.
	conflicts []string
}

// action is something that users do to one Deployment. A run returns false if it does not fit the
// present state of the Deployment.
type action struct {
	name   string
	weight int
	// replacesRelease is set for an action after which the present release does not run any more.
	replacesRelease bool
	run             func(*churn, context.Context, *app) (bool, error)
}

var actions = []action{
	{"good releases", 28, true, (*churn).releaseGood},
	{"bad releases", 26, true, (*churn).releaseBad},
	{"changes of replicas", 10, false, (*churn).scale},
	{"annotations", 10, false, (*churn).annotate},
	{"deleted pods", 12, false, (*churn).deletePod},
	{"edits of policies", 5, false, (*churn).editPolicies},
	{"manual rollbacks", 5, true, (*churn).rollBack},
	{"Deployments created again", 4, true, (*churn).recreate},
}

// run acts until ctx is cancelled, and returns an error if an action fails for another reason.
func (c *churn) run(ctx context.Context) error {
	for {
		pause := time.Duration(c.random.ExpFloat64() * float64(meanPause))
		if sleep(ctx, min(pause, maxPause)) != nil {
			return nil
		}
		next, target := c.choose(), c.apps[c.random.IntN(len(c.apps))]
		if next.replacesRelease && !c.mayReplace(target) {
			continue
		}
		acted, err := next.run(c, ctx, target)
		if ctx.Err() != nil {
			return nil
		}
		if apierrors.IsConflict(err) {
			c.conflicts = append(c.conflicts, fmt.Sprintf("%s: %v", target, err))
			continue
		}
		if err != nil {
			return fmt.Errorf("%s, %s: %w", next.name, target, err)
		}
		if acted {
			c.done[next.name]++
		}
	}
}

func (c *churn) choose() action {
	sum := 0
	for _, action := range actions {
		sum += action.weight
	}
	number := c.random.IntN(sum)
	for _, action := range actions {
		if number -= action.weight; number < 0 {
			return action
		}
	}
	panic("the weights have another sum")
}

// mayReplace leaves a bad release alone, so that the controller has to roll it back. One of five
// users does not wait for this.
func (c *churn) mayReplace(a *app) bool {
	const impatient = 0.2
	return !a.bad || time.Since(a.released) > undisturbed || c.random.Float64() < impatient
}

func (c *churn) releaseGood(ctx context.Context, a *app) (bool, error) {
	return true, c.release(ctx, a, c.nextGood())
}

// releaseBad ships a bad release after a good revision. It may come while the next revision is
// still evaluated: the target is the good revision before that one.
func (c *churn) releaseBad(ctx context.Context, a *app) (bool, error) {
	const hasty = 0.3
	found, err := c.guard(ctx, a)
	if err != nil {
		return false, nil
	}
	isEarly := found.State == "Evaluating" && found.LastGood != nil && !a.bad
	if !found.isGood() && !(isEarly && c.random.Float64() < hasty) {
		return false, nil
	}
	c.releases++
	return true, c.release(ctx, a, badRelease(c.releases, a.policy, c.random))
}

func (c *churn) patch(ctx context.Context, a *app, body string) error {
	return patiently(ctx, func() error {
		_, err := c.AppsV1().Deployments(a.namespace).Patch(ctx, a.name, types.MergePatchType,
			[]byte(body), metav1.PatchOptions{FieldManager: "other"})
		return err
	})
}

func (c *churn) scale(ctx context.Context, a *app) (bool, error) {
	replicas := 1 + c.random.IntN(maxReplicas)
	return true, c.patch(ctx, a, fmt.Sprintf(`{"spec":{"replicas":%d}}`, replicas))
}

func (c *churn) annotate(ctx context.Context, a *app) (bool, error) {
	return true, c.patch(ctx, a,
		fmt.Sprintf(`{"metadata":{"annotations":{"soak":"%d"}}}`, c.random.IntN(1_000_000)))
}

func (c *churn) deletePod(ctx context.Context, a *app) (bool, error) {
	pods := c.CoreV1().Pods(a.namespace)
	list, err := pods.List(ctx, metav1.ListOptions{LabelSelector: "app=" + a.name})
	if err != nil || len(list.Items) == 0 {
		return false, nil
	}
	chosen := list.Items[c.random.IntN(len(list.Items))]
	return true, c.deleted(ctx, func() error {
		return pods.Delete(ctx, chosen.Name, metav1.DeleteOptions{})
	})
}

// deleted repeats a deletion until the object is gone.
func (c *churn) deleted(ctx context.Context, remove func() error) error {
	err := patiently(ctx, remove)
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

func (c *churn) editPolicies(ctx context.Context, a *app) (bool, error) {
	return true, c.applyPolicies(ctx, a.namespace, c.random)
}

// rollBack creates a manual Rollback to the revision before the present one.
func (c *churn) rollBack(ctx context.Context, a *app) (bool, error) {
	found, err := c.guard(ctx, a)
	if err != nil || !found.isGood() || len(found.Revisions) < 2 {
		return false, nil
	}
	c.rollbacks++
	rollback := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "lastgood.dev/v1alpha1", "kind": "Rollback",
		"metadata": map[string]any{"name": fmt.Sprintf("%s-by-user-%d", a.name, c.rollbacks)},
		"spec":     map[string]any{"deployment": a.name},
	}}
	err = patiently(ctx, func() error {
		_, err := c.Dynamic.Resource(client.Rollbacks).Namespace(a.namespace).
			Create(ctx, rollback, metav1.CreateOptions{FieldManager: fieldManager})
		if apierrors.IsAlreadyExists(err) {
			return nil
		}
		return err
	})
	return true, err
}

// recreate deletes a Deployment and creates it again with a good release.
func (c *churn) recreate(ctx context.Context, a *app) (bool, error) {
	deployments := c.AppsV1().Deployments(a.namespace)
	err := c.deleted(ctx, func() error {
		return deployments.Delete(ctx, a.name, metav1.DeleteOptions{})
	})
	if err != nil {
		return false, err
	}
	return true, c.release(ctx, a, c.nextGood())
}

// describe returns the state of a Deployment, for a release that was not rolled back.
func (f *fleet) describe(ctx context.Context, a *app) string {
	found, err := f.guard(ctx, a)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("state %s, reason %s: %s", found.State, found.Reason, found.Message)
}
