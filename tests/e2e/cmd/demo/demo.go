package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// The settings of the check in manifests/policy.yaml.
const (
	interval  = 2 * time.Second
	threshold = 3
	timeout   = 1 * time.Second
)

type demo struct {
	cluster  *cluster
	timeline *timeline
	// reported has the names of the Events in the timeline.
	reported map[string]bool
	// reportedQuery is true when the timeline has the query of a check.
	reportedQuery bool
}

func (d *demo) run(ctx context.Context) error {
	watching, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() { defer close(done); d.reportEvents(watching) }()
	defer func() { stop(); <-done }()
	steps := []struct {
		title string
		run   func(context.Context) error
	}{
		{"1. Release v1 is good", d.goodRelease},
		{"2. Release v2 starts, but its health check fails", d.badRelease},
		{"3. Release v3 contains nothing of v2", d.nextRelease},
	}
	for _, step := range steps {
		d.timeline.heading(step.title)
		if err := step.run(ctx); err != nil {
			return err
		}
	}
	return d.printLatencies(ctx)
}

// ship applies web.yaml with this release; health is the value of HEALTH.
func (d *demo) ship(ctx context.Context, release, health string) error {
	status := map[string]string{"ok": "200", "fail": "500"}[health]
	d.timeline.add(user, "kubectl apply -f web.yaml   (%s, /health returns %s)", release, status)
	return d.cluster.apply(ctx, "web.yaml",
		"IMAGE", d.cluster.image, "RELEASE", release, "HEALTH_VALUE", health)
}

func (d *demo) goodRelease(ctx context.Context) error {
	d.timeline.add(user, "kubectl apply -f policy.yaml  (%d consecutive failures with an interval "+
		"of %.0f s are a breach; the bake takes 8 s)", threshold, interval.Seconds())
	if err := d.cluster.apply(ctx, "policy.yaml"); err != nil {
		return err
	}
	if err := d.ship(ctx, "v1", "ok"); err != nil {
		return err
	}
	return d.becomesGood(ctx, "v1")
}

func (d *demo) badRelease(ctx context.Context) error {
	if err := d.ship(ctx, "v2", "fail"); err != nil {
		return err
	}
	err := until(ctx, "a Rollback that succeeded", 90*time.Second, func() error {
		rollback, err := d.cluster.onlyRollback(ctx)
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
	return d.visitorSees(ctx, "v1")
}

func (d *demo) nextRelease(ctx context.Context) error {
	if err := d.ship(ctx, "v3", "ok"); err != nil {
		return err
	}
	if err := d.becomesGood(ctx, "v3"); err != nil {
		return err
	}
	deployment, err := d.cluster.deployment(ctx)
	if err != nil {
		return err
	}
	for _, variable := range deployment.Spec.Template.Spec.Containers[0].Env {
		if strings.HasPrefix(variable.Name, "ONLY_") && variable.Name != "ONLY_v3" {
			return fmt.Errorf("release v3 still has the variable %s", variable.Name)
		}
	}
	for _, owner := range deployment.ManagedFields {
		ownsTemplate := strings.Contains(string(owner.FieldsV1.Raw), "f:template")
		if owner.Manager == "lastgood" && ownsTemplate {
			return errors.New("the field manager lastgood still owns fields of the template")
		}
	}
	d.timeline.add(user, "v3 has no variable of v1 or v2, and lastgood owns no field of it")
	return nil
}

func (d *demo) becomesGood(ctx context.Context, release string) error {
	err := until(ctx, "release "+release+" is good", 90*time.Second, func() error {
		deployment, err := d.cluster.deployment(ctx)
		if err != nil {
			return err
		}
		guard, err := d.cluster.guard(ctx)
		if err != nil {
			return errNotYet
		}
		seenGeneration, _, _ := unstructured.NestedInt64(guard.Object, "status", "deploymentGeneration")
		isGood := text(guard, "status", "state") == "Idle" &&
			text(guard, "status", "reason") == "Good"
		if seenGeneration != deployment.Generation || !isGood {
			return errNotYet
		}
		return nil
	})
	if err != nil {
		return err
	}
	return d.visitorSees(ctx, release)
}

func (d *demo) visitorSees(ctx context.Context, release string) error {
	return until(ctx, "visitors see "+release, 30*time.Second, func() error {
		body, err := d.cluster.visit(ctx)
		if err != nil || !strings.Contains(body, release) {
			return errNotYet
		}
		d.timeline.add(visitor, "GET /  ->  %s", body)
		return nil
	})
}

func (d *demo) printLatencies(ctx context.Context) error {
	rollback, err := d.cluster.onlyRollback(ctx)
	if err != nil {
		return err
	}
	if rollback == nil {
		return errors.New("the Rollback was deleted")
	}
	first, err1 := time.Parse(time.RFC3339Nano, text(rollback, "status", "firstFailure"))
	detected, err2 := time.Parse(time.RFC3339Nano, text(rollback, "spec", "detected"))
	restored, err3 := time.Parse(time.RFC3339Nano, text(rollback, "status", "templateRestored"))
	if err := errors.Join(err1, err2, err3); err != nil {
		return fmt.Errorf("the Rollback has no valid times: %w", err)
	}
	// The first failure has the time of its response, which may be late by the timeout at most. The
	// next probes start at their usual times.
	lower, upper := (threshold-1)*interval-timeout, threshold*interval+timeout
	took := restored.Sub(first)
	d.timeline.heading("Latency")
	fmt.Printf("  first failing probe to acknowledged patch  %.2f s   "+
		"(expected: %.0f s to %.0f s for %d failures, %.0f s apart)\n",
		took.Seconds(), lower.Seconds(), upper.Seconds(), threshold, interval.Seconds())
	fmt.Printf("  decision to acknowledged patch             %d ms\n",
		restored.Sub(detected).Milliseconds())
	if took < lower || took > upper {
		return fmt.Errorf("the rollback took %v; want %v to %v", took, lower, upper)
	}
	return nil
}

// reportEvents adds Lastgood's Events to the timeline until the context ends.
func (d *demo) reportEvents(ctx context.Context) {
	d.reported = map[string]bool{}
	events := d.cluster.typed.EventsV1().Events(d.cluster.namespace)
	for ctx.Err() == nil {
		watch, err := events.Watch(ctx, metav1.ListOptions{})
		if err != nil {
			continue
		}
		for change := range watch.ResultChan() {
			if event, ok := change.Object.(*eventsv1.Event); ok {
				d.reportEvent(event)
			}
		}
	}
}

func (d *demo) reportEvent(event *eventsv1.Event) {
	if event.ReportingController != "lastgood.dev/controller" || d.reported[event.Name] {
		return
	}
	d.reported[event.Name] = true
	note := d.withoutRepeatedQuery(event.Note)
	d.timeline.addAt(event.EventTime.Time, lastgood, event.Type == "Warning",
		"%s: %s", event.Reason, note)
}

// queryInNote is the query that was sent, in the text of an Event.
var queryInNote = regexp.MustCompile(`; query: .*?( \(\d+ of \d+ consecutive failures\)|$)`)

// withoutRepeatedQuery removes the query from all texts except the first: it has the names of all
// pods, and the timeline shows it once.
func (d *demo) withoutRepeatedQuery(note string) string {
	if !queryInNote.MatchString(note) {
		return note
	}
	if !d.reportedQuery {
		d.reportedQuery = true
		return note
	}
	return queryInNote.ReplaceAllString(note, "$1")
}

func text(object *unstructured.Unstructured, path ...string) string {
	value, _, _ := unstructured.NestedString(object.Object, path...)
	return value
}
