package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"lastgood.dev/tests/e2e/internal/local/layout"
	"lastgood.dev/tests/e2e/internal/monitoring"
	"lastgood.dev/tests/e2e/internal/usage"
)

const (
	fleetInterval = 15 * time.Second
	// fleetSettle is the time after the releases until the measurement.
	fleetSettle = 2 * fleetInterval
	fleetWindow = time.Minute
)

// measureQueries prints the CPU of the controller and the drift of its queries while many
// Deployments have one prometheus check each.
func measureQueries(ctx context.Context, o options) error {
	deployments := o.queryDeployments
	return withFleet(ctx, o, deployments, 1, func(f *fleet, node *fakeNode) error {
		namespace := f.bench.namespace
		page, err := servePage(layout.NodeAddress, func(elapsed time.Duration) string {
			return fleetPage(namespace, node.podNames(), elapsed)
		})
		if err != nil {
			return err
		}
		defer page.stop()
		server, remove, err := startPrometheus(o.prometheus)
		if err != nil {
			return err
		}
		defer remove()
		target := fmt.Sprintf("%s:%d", layout.NodeAddress, page.port)
		if err := server.SetTargets([]monitoring.Target{{Address: target}}); err != nil {
			return err
		}
		proxy, err := startRecorder(layout.NodeAddress, server.URL())
		if err != nil {
			return err
		}
		defer proxy.stop()
		check := map[string]any{"prometheus": map[string]any{
			"address":    proxy.address,
			"errorRatio": map[string]any{"metric": "http_requests_total"},
		}}
		if err := f.bench.createPolicy(ctx, fleetPolicy(check)); err != nil {
			return err
		}
		what := fmt.Sprintf("%d prometheus checks", deployments)
		if err := f.measure(ctx, o, what, proxy.reset); err != nil {
			return err
		}
		queries, requests, drifts := proxy.drifts(fleetInterval)
		if len(drifts) == 0 {
			return errors.New("the controller has sent no query twice")
		}
		fmt.Printf("%-33s p50 %.3f s   p99 %.3f s   (%d queries, %.1f requests/s)\n",
			"  drift of the interval of 15 s", quantile(drifts, 0.5).Seconds(),
			quantile(drifts, 0.99).Seconds(), queries, float64(requests)/fleetWindow.Seconds())
		return nil
	})
}

// measurePodMetrics prints the CPU of the controller while it scrapes many pods.
func measurePodMetrics(ctx context.Context, o options) error {
	const replicas = 20
	deployments := o.podDeployments
	what := fmt.Sprintf("podMetrics of %d pods", deployments*replicas)
	if os.Geteuid() != 0 {
		fmt.Printf("%-33s not measured: the route to their addresses needs root\n", what)
		return nil
	}
	return withFleet(ctx, o, deployments, replicas, func(f *fleet, _ *fakeNode) error {
		removeRoute, err := routePods(ctx)
		if err != nil {
			return err
		}
		defer removeRoute()
		page, err := servePage("0.0.0.0", podPage)
		if err != nil {
			return err
		}
		defer page.stop()
		check := map[string]any{"podMetrics": map[string]any{
			"port": int64(page.port), "failIf": "> 0.05",
		}}
		if err := f.bench.createPolicy(ctx, fleetPolicy(check)); err != nil {
			return err
		}
		before := func() { page.served.Store(0) }
		if err := f.measure(ctx, o, what, before); err != nil {
			return err
		}
		fmt.Printf("%-33s %.1f pages/s of 200 series, each pod each %.0f s\n", "  scraped",
			float64(page.served.Load())/fleetWindow.Seconds(), fleetInterval.Seconds())
		return nil
	})
}

// withFleet creates the namespace and the node, and removes them at the end.
func withFleet(ctx context.Context, o options, count, replicas int,
	run func(*fleet, *fakeNode) error,
) error {
	b, err := newBench(ctx, o)
	if err != nil {
		return err
	}
	node, err := b.startNode(ctx)
	if err != nil {
		b.close()
		return err
	}
	defer func() {
		// The pods must be gone before their node.
		b.close()
		node.stop()
	}()
	return run(&fleet{b, count, replicas}, node)
}

// fleetPolicy keeps the releases in their bake.
func fleetPolicy(check map[string]any) map[string]any {
	check["name"] = "errors"
	check["interval"] = fleetInterval.String()
	return map[string]any{"bakeTime": "1h", "checks": []any{check}}
}

// measure releases the fleet, and prints the CPU of the controller. before is called at the begin
// of the measurement.
func (f *fleet) measure(ctx context.Context, o options, what string, before func()) error {
	controller, err := f.bench.findController(ctx, o.controllerPID)
	if err != nil {
		return err
	}
	if err := f.release(ctx); err != nil {
		return err
	}
	if err := sleep(ctx, fleetSettle); err != nil {
		return err
	}
	before()
	from, to, err := measure(ctx, controller, fleetWindow)
	if err != nil {
		return err
	}
	fmt.Printf("%-33s %.1f%% of a core for %.0f s   (%d Deployments in their bake, each check each "+
		"%.0f s, memory %d MB)\n", what, usage.PercentOfCore(from, to), fleetWindow.Seconds(), f.count,
		fleetInterval.Seconds(), to.ResidentBytes/1_000_000)
	return nil
}

// startPrometheus starts a Prometheus with a database in a temporary folder. remove kills the
// server and removes the folder.
func startPrometheus(program string) (server *monitoring.Prometheus, remove func(), err error) {
	folder, err := os.MkdirTemp("", "lastgood-bench-")
	if err != nil {
		return nil, nil, err
	}
	server, err = monitoring.NewPrometheus(layout.NodeAddress, folder,
		monitoring.Options{Program: program})
	if err == nil {
		err = server.Start()
	}
	remove = func() {
		if server != nil {
			server.Kill()
		}
		_ = os.RemoveAll(folder)
	}
	if err != nil {
		remove()
		return nil, nil, err
	}
	return server, remove, nil
}

// routePods adds a route, with which this machine accepts connections to all addresses of the fake
// pods. remove removes the route.
func routePods(ctx context.Context) (remove func(), err error) {
	route := func(ctx context.Context, action string) error {
		out, err := exec.CommandContext(ctx, "ip", "route", action, "local", podNetwork, "dev", "lo").
			CombinedOutput()
		if err != nil {
			return fmt.Errorf("ip route %s local %s dev lo: %w: %s", action, podNetwork, err,
				strings.TrimSpace(string(out)))
		}
		return nil
	}
	// An earlier bench may have left the route behind.
	if err := route(ctx, "replace"); err != nil {
		return nil, err
	}
	return func() {
		if err := route(context.Background(), "del"); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}, nil
}
