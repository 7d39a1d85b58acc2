package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"time"

	"k8s.io/client-go/informers"
	"k8s.io/client-go/rest"

	"lastgood.dev/tests/e2e/internal/client"
	"lastgood.dev/tests/e2e/internal/usage"
)

const (
	onlyDeployments = "deployments"
	withReplicaSets = "deployments,replicasets"
)

// informersResult is what a process with informers of client-go prints.
type informersResult struct {
	SyncSeconds float64
	AfterGC     int64
	Peak        int64
}

// runInformers lists and watches with client-go, as other controllers do, and prints the time and
// the memory of this process as JSON. It runs in a process of its own.
func runInformers(kubeconfig, kinds string) {
	result, err := syncInformers(kubeconfig, kinds)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(result)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func syncInformers(kubeconfig, kinds string) (informersResult, error) {
	began := time.Now()
	config, err := client.Config(kubeconfig, "")
	if err != nil {
		return informersResult{}, err
	}
	// Controllers read the kinds of Kubernetes as protobuf.
	config.ContentType = "application/vnd.kubernetes.protobuf"
	connected, err := client.New(config)
	if err != nil {
		return informersResult{}, err
	}
	factory := informers.NewSharedInformerFactory(connected, 0)
	factory.Apps().V1().Deployments().Informer()
	if kinds == withReplicaSets {
		factory.Apps().V1().ReplicaSets().Informer()
	}
	stop := make(chan struct{})
	defer close(stop)
	factory.Start(stop)
	factory.WaitForCacheSync(stop)
	took := time.Since(began)
	runtime.GC()
	debug.FreeOSMemory()
	used, err := usage.Process{PID: os.Getpid()}.ResidentMemory()
	return informersResult{took.Seconds(), used.Now, used.Peak}, err
}

// measureInformers runs the informers in another process.
func (s *scale) measureInformers(ctx context.Context, kinds string) (informersResult, error) {
	var result informersResult
	program, err := os.Executable()
	if err != nil {
		return result, err
	}
	command := exec.CommandContext(ctx, program, "--kubeconfig", s.kubeconfig, "--informers", kinds)
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, os.Stderr
	if err := command.Run(); err != nil {
		return result, fmt.Errorf("informers of %s: %w", kinds, err)
	}
	return result, json.Unmarshal(output.Bytes(), &result)
}

// listPaths are the kinds that Lastgood lists when it starts.
var listPaths = []string{
	"/apis/apps/v1/deployments", "/apis/lastgood.dev/v1alpha1/deploymentguards",
	"/apis/lastgood.dev/v1alpha1/rollbacks", "/apis/lastgood.dev/v1alpha1/rollbackpolicies",
}

// plainLists is the time and the size of LISTs whose bodies are read and thrown away, as by curl.
type plainLists struct {
	took  time.Duration
	bytes int64
}

// measureLists sends the LISTs at the same time, as Lastgood does, several times. It returns the
// median.
func (s *scale) measureLists(ctx context.Context, paths ...string) (plainLists, error) {
	const rounds = 5
	var times []time.Duration
	var size int64
	for range rounds {
		began := time.Now()
		// A new client has to connect first, like a controller that starts.
		config, err := client.Config(s.kubeconfig, "")
		if err != nil {
			return plainLists{}, err
		}
		config.DisableCompression = true
		config.UserAgent = "lastgood-bench"
		lister, err := rest.HTTPClientFor(config)
		if err != nil {
			return plainLists{}, err
		}
		sizes := make([]int64, len(paths))
		err = parallel(ctx, len(paths), 0, len(paths), func(ctx context.Context, i int) error {
			response, err := lister.Get(config.Host + paths[i])
			if err != nil {
				return err
			}
			defer response.Body.Close()
			if response.StatusCode != 200 {
				return fmt.Errorf("GET %s: %s", paths[i], response.Status)
			}
			sizes[i], err = io.Copy(io.Discard, response.Body)
			return err
		})
		if err != nil {
			return plainLists{}, err
		}
		times = append(times, time.Since(began))
		size = 0
		for _, one := range sizes {
			size += one
		}
	}
	return plainLists{quantile(times, 0.5), size}, nil
}
