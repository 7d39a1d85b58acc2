package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// restores reports when each Deployment of the flight was restored.
type restores struct {
	times map[string]time.Time
	err   error
	done  chan struct{}
}

// watchRestores watches until all Deployments of the flight have the good template again.
func (f *flight) watchRestores(ctx context.Context) (*restores, error) {
	list, err := f.bench.deployments().List(ctx, metav1.ListOptions{Limit: 1})
	if err != nil {
		return nil, err
	}
	watch, err := f.bench.deployments().
		Watch(ctx, metav1.ListOptions{ResourceVersion: list.ResourceVersion})
	if err != nil {
		return nil, err
	}
	r := &restores{times: map[string]time.Time{}, done: make(chan struct{})}
	wanted := map[string]bool{}
	for number := f.from; number < f.to; number++ {
		wanted[scaleName(number)] = true
	}
	go func() {
		defer close(r.done)
		defer watch.Stop()
		for len(r.times) < len(wanted) {
			select {
			case <-ctx.Done():
				r.err = fmt.Errorf("%d of %d Deployments were restored: %w", len(r.times),
					len(wanted), ctx.Err())
				return
			case event, open := <-watch.ResultChan():
				if !open {
					r.err = errors.New("the watch of Deployments has ended")
					return
				}
				deployment, ok := event.Object.(*appsv1.Deployment)
				if ok && wanted[deployment.Name] && isRestored(deployment) {
					if _, known := r.times[deployment.Name]; !known {
						r.times[deployment.Name] = time.Now()
					}
				}
			}
		}
	}()
	return r, nil
}

func isRestored(deployment *appsv1.Deployment) bool {
	return deployment.Spec.Template.Annotations[releaseKey] == strconv.Itoa(scaleRevisions)
}
