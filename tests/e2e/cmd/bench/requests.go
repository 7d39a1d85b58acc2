package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"lastgood.dev/tests/e2e/internal/client"
	"lastgood.dev/tests/e2e/internal/usage"
)

// requestsInState is the number of requests that Lastgood sends to the API server in one minute
// while one Deployment is in a state.
type requestsInState struct {
	state string
	count int
}

// requestsPerMinute counts the requests while the only guarded Deployment of the bench is Idle,
// Evaluating and Held. Renewals of the Lease are not counted: they do not depend on Deployments.
func (b *bench) requestsPerMinute(ctx context.Context) ([]requestsInState, error) {
	const (
		settle = 20 * time.Second // until the requests that the change of the state causes are over
		window = time.Minute
	)
	// Observe holds a rollback for as long as the release is bad.
	if err := b.patchPolicy(ctx, `{"spec":{"bakeTime":"1h","mode":"Observe"}}`); err != nil {
		return nil, err
	}
	steps := []struct{ state, patch string }{
		{"Idle", ""},
		{"Evaluating", fmt.Sprintf(`[{"op":"add","path":"/spec/template/metadata/annotations",`+
			`"value":{"at":"%d"}}]`, time.Now().UnixNano())},
		{"Held", fmt.Sprintf(`[{"op":"replace",`+
			`"path":"/spec/template/spec/containers/0/image","value":"%s"}]`, badImage)},
	}
	var found []requestsInState
	for _, step := range steps {
		if step.patch != "" {
			if err := b.patch(ctx, "guarded", step.patch); err != nil {
				return nil, err
			}
		}
		err := b.until(ctx, "state "+step.state, func() (bool, error) {
			guards := b.Dynamic.Resource(client.Guards).Namespace(b.namespace)
			guard, err := guards.Get(ctx, "guarded", metav1.GetOptions{})
			if err != nil {
				return false, err
			}
			state, _, _ := unstructured.NestedString(guard.Object, "status", "state")
			return state == step.state, nil
		})
		if err != nil {
			return nil, err
		}
		if err := sleep(ctx, settle); err != nil {
			return nil, err
		}
		before, err := b.requests(ctx)
		if err != nil {
			return nil, err
		}
		if err := sleep(ctx, window); err != nil {
			return nil, err
		}
		after, err := b.requests(ctx)
		if err != nil {
			return nil, err
		}
		found = append(found, requestsInState{step.state, after - before})
	}
	return found, nil
}

func (b *bench) patchPolicy(ctx context.Context, patch string) error {
	_, err := b.Dynamic.Resource(client.Policies).Namespace(b.namespace).
		Patch(ctx, "bench", types.MergePatchType, []byte(patch), metav1.PatchOptions{})
	return err
}

// requests is the sum of rest_client_requests_total of all replicas, without the renewals of the
// Lease. Only these use the method PUT.
func (b *bench) requests(ctx context.Context) (int, error) {
	pods, err := b.controllerPods(ctx)
	if err != nil {
		return 0, err
	}
	sum := 0
	for i := range pods {
		text, err := b.metricsOf(ctx, &pods[i])
		if err != nil {
			return 0, err
		}
		for method, count := range usage.RequestsByMethod(text) {
			if method != http.MethodPut {
				sum += int(count)
			}
		}
	}
	return sum, nil
}
