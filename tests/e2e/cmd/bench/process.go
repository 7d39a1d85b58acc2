package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ticksPerSecond is USER_HZ, which is 100 on all architectures of Linux that Kubernetes supports.
const ticksPerSecond = 100

// process is the process of the controller on this machine.
type process struct{ pid int }

// usage is what a process used from its start to a time.
type usage struct {
	at  time.Time
	cpu time.Duration
	// residentBytes is the resident memory at that time.
	residentBytes int64
}

// findController returns the leader of Lastgood. A PID other than 0 is that of a controller outside
// the cluster.
func (b *bench) findController(ctx context.Context, pid int) (process, error) {
	if pid != 0 {
		return process{pid}, nil
	}
	pods, err := b.controllerPods(ctx)
	if err != nil {
		return process{}, err
	}
	for i := range pods {
		metrics, err := b.metricsOf(ctx, &pods[i])
		if err != nil || !isLeader(metrics) || len(pods[i].Status.ContainerStatuses) == 0 {
			continue
		}
		_, container, _ := strings.Cut(pods[i].Status.ContainerStatuses[0].ContainerID, "://")
		return processOfContainer(container)
	}
	return process{}, fmt.Errorf("none of the %d pods of Lastgood is the leader", len(pods))
}

func (b *bench) controllerPods(ctx context.Context) ([]corev1.Pod, error) {
	pods, err := b.CoreV1().Pods("").
		List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=lastgood"})
	if err != nil {
		return nil, err
	}
	return pods.Items, nil
}

func (b *bench) metricsOf(ctx context.Context, pod *corev1.Pod) (string, error) {
	text, err := b.CoreV1().Pods(pod.Namespace).
		ProxyGet("http", pod.Name, "8080", "/metrics", nil).DoRaw(ctx)
	return string(text), err
}

func isLeader(metrics string) bool {
	for line := range strings.Lines(metrics) {
		if strings.HasPrefix(line, "leader_election_master_status{") {
			return strings.HasSuffix(strings.TrimSpace(line), " 1")
		}
	}
	return false
}

// processOfContainer finds the process by its control group, whose name ends with the ID of the
// container.
func processOfContainer(container string) (process, error) {
	files, err := filepath.Glob("/proc/[0-9]*/cgroup")
	if err != nil || container == "" {
		return process{}, errors.Join(err, errors.New("the pod of the leader has no container"))
	}
	for _, file := range files {
		// A process may have ended since.
		text, err := os.ReadFile(file)
		if err != nil || !bytes.Contains(text, []byte(container)) {
			continue
		}
		pid, err := strconv.Atoi(strings.Split(file, "/")[2])
		return process{pid}, err
	}
	return process{}, fmt.Errorf("container %s does not run on this machine", container)
}

// usage reads the CPU time and the memory. See proc_pid_stat(5): after the name in parentheses,
// utime and stime are the fields 12 and 13, and the resident pages are field 22.
func (p process) usage() (usage, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.pid))
	if err != nil {
		return usage{}, fmt.Errorf("the controller has ended: %w", err)
	}
	return parseUsage(text, time.Now())
}

func parseUsage(stat []byte, now time.Time) (usage, error) {
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 22 {
		return usage{}, fmt.Errorf("%q is no line of /proc/PID/stat", stat)
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	pages, err3 := strconv.ParseInt(fields[21], 10, 64)
	return usage{
		at:            now,
		cpu:           time.Duration(user+system) * time.Second / ticksPerSecond,
		residentBytes: pages * int64(os.Getpagesize()),
	}, errors.Join(err1, err2, err3)
}

// percentOfCore returns the CPU between two times, in percent of one core.
func percentOfCore(from, to usage) float64 {
	return 100 * float64(to.cpu-from.cpu) / float64(to.at.Sub(from.at))
}

// measure returns the usage at the begin and at the end of this time.
func (p process) measure(ctx context.Context, duration time.Duration) (from, to usage, err error) {
	if from, err = p.usage(); err != nil {
		return from, to, err
	}
	if err = sleep(ctx, duration); err != nil {
		return from, to, err
	}
	to, err = p.usage()
	return from, to, err
}

func sleep(ctx context.Context, duration time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(duration):
		return nil
	}
}
