package main

import (
	"context"
	"fmt"
	"syscall"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const (
	shortBake = `{"bakeTime":"1s"}`
	longBake  = `{"bakeTime":"1h"}`
	// promotedTogether is the number of good releases that are shipped together.
	promotedTogether = 200
)

// adopt lets a controller create the guards and the snapshots of the Deployments from..s.loaded-1.
// Then each of them ships a good release, so that it has a revision to roll back to, as Deployments
// in use have.
func (s *scale) adopt(ctx context.Context, from int) error {
	if err := s.patchPolicySpec(ctx, shortBake); err != nil {
		return err
	}
	running, err := s.startController("adopt")
	if err != nil {
		return err
	}
	defer running.stop(syscall.SIGTERM)
	if _, err := running.awaitReady(ctx); err != nil {
		return err
	}
	if err := running.awaitSettled(ctx, s.loaded); err != nil {
		return err
	}
	if err := s.printFirstRun(ctx, running); err != nil {
		return err
	}
	for ; from < s.loaded; from += promotedTogether {
		f := &flight{scale: s, from: from, to: min(from+promotedTogether, s.loaded),
			release: scaleRevisions}
		if err := f.promoteAll(ctx); err != nil {
			return err
		}
	}
	return s.patchPolicySpec(ctx, longBake)
}

func (s *scale) printFirstRun(ctx context.Context, running *controller) error {
	requests, err := running.metric(ctx, "rest_client_requests_total")
	if err != nil {
		return err
	}
	used, err := running.ResidentMemory()
	if err != nil {
		return err
	}
	fmt.Println(line{what: "first run: guards and snapshots created", unit: "s",
		value: used.At.Sub(running.started).Seconds(),
		note:  fmt.Sprintf("%.0f requests, peak %s MB", requests, figure(megabytes(used.Peak)))})
	return nil
}

// promoteAll ships a good release of each Deployment of the flight, and waits until it is good.
func (f *flight) promoteAll(ctx context.Context) error {
	if err := f.each(ctx, f.promote); err != nil {
		return err
	}
	err := f.awaitGuards(ctx, "good", func(guard *unstructured.Unstructured) bool {
		state, _, _ := unstructured.NestedString(guard.Object, "status", "state")
		number, _, _ := unstructured.NestedInt64(guard.Object, "status", "lastGood", "number")
		return state == "Idle" && number == scaleRevisions
	})
	if err != nil {
		return err
	}
	return f.deletePods(ctx)
}

// promote ships a release whose rollout is complete at once.
func (f *flight) promote(ctx context.Context, number int) error {
	shipped, set, err := f.ship(ctx, number, scaleReplicas)
	if err != nil {
		return err
	}
	options := metav1.UpdateOptions{FieldManager: managerName}
	sets := f.bench.AppsV1().ReplicaSets(f.bench.namespace)
	set.Status = replicaSetStatus(set)
	if _, err := sets.UpdateStatus(ctx, set, options); err != nil {
		return err
	}
	for pod := range scaleReplicas {
		if err := f.createPod(ctx, set, pod, true); err != nil {
			return err
		}
	}
	hash := scaleHash(shipped.Name, f.release)
	err = f.writeStatus(ctx, shipped, set.Annotations[revisionKey], completeStatus(shipped, hash))
	if err != nil {
		return err
	}
	return f.scaleToZero(ctx, shipped.Name+"-"+scaleHash(shipped.Name, firstSeen))
}
