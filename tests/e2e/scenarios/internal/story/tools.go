// kubectl and Helm as their users run them, and what else a story may ask for.
package story

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"

	apps "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Kubectl runs it in the story's namespace, with that on its standard input; it must succeed, and without a warning.
func (s *Story) Kubectl(input string, args ...string) {
	s.T.Helper()
	s.run(input, "kubectl", append([]string{"--namespace", s.Namespace}, args...)...)
}

// Helm runs it in the story's namespace; it must succeed.
func (s *Story) Helm(args ...string) {
	s.T.Helper()
	s.run("", "helm", append([]string{"--namespace", s.Namespace}, args...)...)
}

func (s *Story) run(input, program string, args ...string) {
	s.T.Helper()
	command := exec.Command(s.Cluster.Layout.Path("bin", program), args...)
	command.Env = append(os.Environ(), "KUBECONFIG="+s.Cluster.Layout.Kubeconfig())
	command.Stdin = strings.NewReader(input)
	var complaints bytes.Buffer
	command.Stderr = &complaints
	out, err := command.Output()
	if err != nil || strings.Contains(complaints.String(), "Warning") {
		s.T.Fatalf("%s %s: %v\n%s%s", program, strings.Join(args, " "), err, out, complaints.String())
	}
}

// Deployment is the one of that name, which must be there.
func (s *Story) Deployment(ctx context.Context, name string) *apps.Deployment {
	s.T.Helper()
	found, err := s.Cluster.Typed.AppsV1().Deployments(s.Namespace).Get(ctx, name, metav1.GetOptions{})
	s.must(err)
	return found
}

// Asked is how often the running pods of an app have been asked for "/", by their own count.
func (s *Story) Asked(name string) int {
	s.T.Helper()
	total := 0
	for _, pod := range s.runningPods(name) {
		page := s.get(fmt.Sprintf("http://%s:%d/metrics", pod.Status.PodIP, appPort))
		total += int(sumOf(page, "http_requests_total"))
	}
	return total
}

// MemoryBelow holds the controller's resident memory, of every replica.
func (t *Then) MemoryBelow(limit float64) *Then {
	t.T.Helper()
	for _, page := range t.metrics() {
		if used := sumOf(page, "process_resident_memory_bytes"); used <= 0 || used > limit {
			t.T.Errorf("a controller's resident memory is %.0f bytes; want at most %.0f", used, limit)
		}
	}
	return t
}

// Metric is the sum of a metric's series over all replicas; words narrow them down: `outcome="Succeeded"`.
func (s *Story) Metric(name string, words ...string) float64 {
	s.T.Helper()
	total := 0.0
	for _, page := range s.metrics() {
		total += sumOf(page, name, words...)
	}
	return total
}

// metrics are the metrics pages of all replicas of the controller.
func (s *Story) metrics() []string {
	s.T.Helper()
	if s.Process != nil {
		return []string{s.get("http://" + s.Process.address() + "/metrics")}
	}
	pods, err := s.Cluster.Typed.CoreV1().Pods(systemNamespace).List(context.Background(), metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=lastgood"})
	s.must(err)
	var pages []string
	for _, pod := range pods.Items {
		pages = append(pages, s.get(fmt.Sprintf("http://%s:8080/metrics", pod.Status.PodIP)))
	}
	return pages
}

// sumOf adds the series of a metric in Prometheus' text format.
func sumOf(page, name string, words ...string) float64 {
	total := 0.0
	for line := range strings.Lines(page) {
		series, number, found := strings.Cut(strings.TrimSpace(line), " ")
		bare, _, _ := strings.Cut(series, "{")
		value, err := strconv.ParseFloat(number, 64)
		if found && err == nil && bare == name && containsAll(series, words) {
			total += value
		}
	}
	return total
}
