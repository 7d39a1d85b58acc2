package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// The policy's figures, from manifests/policy.yaml.
const (
	interval  = 2 * time.Second
	threshold = 3
	timeout   = 1 * time.Second
)

type story struct {
	cluster  *cluster
	timeline *timeline
	told     map[string]bool
}

func (s *story) tell(ctx context.Context) error {
	watching, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() { defer close(done); s.relayEvents(watching) }()
	defer func() { stop(); <-done }()
	chapters := []struct {
		title string
		play  func(context.Context) error
	}{
		{"Release v1 becomes good", s.goodRelease},
		{"Release v2 answers, but its health check fails", s.badRelease},
		{"Release v3, as if v2 had never been", s.nextRelease},
	}
	for _, chapter := range chapters {
		s.timeline.chapter(chapter.title)
		if err := chapter.play(ctx); err != nil {
			return err
		}
	}
	return s.figures(ctx)
}

func (s *story) ship(ctx context.Context, release, health string) error {
	s.timeline.tell(you, "kubectl apply -f web.yaml   (%s, /health answers %s)", release, map[string]string{"ok": "200", "fail": "500"}[health])
	return s.cluster.apply(ctx, "web.yaml", "IMAGE", s.cluster.image, "RELEASE", release, "ANSWER", health)
}

func (s *story) goodRelease(ctx context.Context) error {
	s.timeline.tell(you, "kubectl apply -f policy.yaml  (3 failures in a row, 2 s apart, are a breach; judged 8 s after the rollout)")
	if err := s.cluster.apply(ctx, "policy.yaml"); err != nil {
		return err
	}
	if err := s.ship(ctx, "v1", "ok"); err != nil {
		return err
	}
	return s.becomesGood(ctx, "v1")
}

func (s *story) badRelease(ctx context.Context) error {
	if err := s.ship(ctx, "v2", "fail"); err != nil {
		return err
	}
	err := until(ctx, "the Rollback has succeeded", 90*time.Second, func() error {
		rollback, err := s.cluster.onlyRollback(ctx)
		if err != nil {
			return err
		}
		if rollback == nil || text(rollback, "status", "phase") != "Succeeded" {
			return errNotYet
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.visitorsSee(ctx, "v1")
}

func (s *story) nextRelease(ctx context.Context) error {
	if err := s.ship(ctx, "v3", "ok"); err != nil {
		return err
	}
	if err := s.becomesGood(ctx, "v3"); err != nil {
		return err
	}
	deployment, err := s.cluster.deployment(ctx)
	if err != nil {
		return err
	}
	for _, variable := range deployment.Spec.Template.Spec.Containers[0].Env {
		if strings.HasPrefix(variable.Name, "ONLY_") && variable.Name != "ONLY_v3" {
			return fmt.Errorf("v3 still has %s", variable.Name)
		}
	}
	for _, owner := range deployment.ManagedFields {
		if owner.Manager == "lastgood" && strings.Contains(string(owner.FieldsV1.Raw), "f:template") {
			return fmt.Errorf("lastgood still owns fields of the template")
		}
	}
	s.timeline.tell(you, "v3 has nothing of v1 or v2 left in it, and its owner is kubectl alone")
	return nil
}

func (s *story) becomesGood(ctx context.Context, release string) error {
	err := until(ctx, release+" is good", 90*time.Second, func() error {
		deployment, err := s.cluster.deployment(ctx)
		if err != nil {
			return err
		}
		guard, err := s.cluster.guard(ctx)
		if err != nil {
			return errNotYet
		}
		seen, _, _ := unstructured.NestedInt64(guard.Object, "status", "deploymentGeneration")
		if seen != deployment.Generation || text(guard, "status", "state") != "Idle" || text(guard, "status", "reason") != "Good" {
			return errNotYet
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.visitorsSee(ctx, release)
}

func (s *story) visitorsSee(ctx context.Context, release string) error {
	return until(ctx, "visitors see "+release, 30*time.Second, func() error {
		answer, err := s.cluster.visit(ctx)
		if err != nil || !strings.Contains(answer, release) {
			return errNotYet
		}
		s.timeline.tell(visitor, "GET /  ->  %s", answer)
		return nil
	})
}

func (s *story) figures(ctx context.Context) error {
	rollback, err := s.cluster.onlyRollback(ctx)
	if err != nil {
		return err
	}
	if rollback == nil {
		return fmt.Errorf("the Rollback is gone")
	}
	first, err1 := time.Parse(time.RFC3339Nano, text(rollback, "status", "firstFailure"))
	detected, err2 := time.Parse(time.RFC3339Nano, text(rollback, "spec", "detected"))
	restored, err3 := time.Parse(time.RFC3339Nano, text(rollback, "status", "templateRestored"))
	if err1 != nil || err2 != nil || err3 != nil {
		return fmt.Errorf("the Rollback lacks its times: %v %v %v", err1, err2, err3)
	}
	least, most := (threshold-1)*interval, threshold*interval+timeout
	took := restored.Sub(first)
	s.timeline.chapter("Figures")
	fmt.Printf("  first failing probe to acknowledged patch  %.2f s   (due: %.0f s to %.0f s, for %d failures %.0f s apart)\n", took.Seconds(),
		least.Seconds(), most.Seconds(), threshold, interval.Seconds())
	fmt.Printf("  decision to acknowledged patch             %d ms\n", restored.Sub(detected).Milliseconds())
	if took < least-50*time.Millisecond || took > most {
		return fmt.Errorf("detection took %v, which is outside %v to %v", took, least, most)
	}
	return nil
}

// relayEvents puts what Lastgood says about the Deployment on the timeline.
func (s *story) relayEvents(ctx context.Context) {
	s.told = map[string]bool{}
	events := s.cluster.typed.EventsV1().Events(s.cluster.namespace)
	for ctx.Err() == nil {
		watch, err := events.Watch(ctx, metav1.ListOptions{})
		if err != nil {
			continue
		}
		for change := range watch.ResultChan() {
			if event, ok := change.Object.(*eventsv1.Event); ok {
				s.relay(event)
			}
		}
	}
}

func (s *story) relay(event *eventsv1.Event) {
	if event.ReportingController != "lastgood.dev/controller" || s.told[event.Name] {
		return
	}
	s.told[event.Name] = true
	s.timeline.tellAt(event.EventTime.Time, lastgood, event.Type == "Warning", "%s: %s", event.Reason, event.Note)
}

func text(object *unstructured.Unstructured, path ...string) string {
	value, _, _ := unstructured.NestedString(object.Object, path...)
	return value
}
