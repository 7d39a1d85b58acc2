// kubectl and Helm as users run them, and the metrics of the controller and of the apps.
package scenario

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Kubectl runs kubectl in the scenario's namespace with this standard input. The command must
// succeed without a warning of the API server.
func (s *Scenario) Kubectl(input string, args ...string) {
	s.T.Helper()
	s.run(input, "kubectl", append([]string{"--namespace", s.Namespace}, args...)...)
}

// Helm runs Helm in the scenario's namespace. The command must succeed without a warning of the API
// server.
func (s *Scenario) Helm(args ...string) {
	s.T.Helper()
	s.run("", "helm", append([]string{"--namespace", s.Namespace}, args...)...)
}

func (s *Scenario) run(input, program string, args ...string) {
	s.T.Helper()
	command := exec.Command(s.Cluster.Layout.Path("bin", program), args...)
	command.Env = append(os.Environ(), "KUBECONFIG="+s.Cluster.Layout.Kubeconfig())
	command.Stdin = strings.NewReader(input)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil || strings.Contains(stderr.String(), "Warning") {
		s.T.Fatalf("%s %s: %v\n%s%s", program, strings.Join(args, " "), err, out, stderr.String())
	}
}

// RequestsServed returns how many requests for "/" the running pods of an app have counted.
func (s *Scenario) RequestsServed(name string) int {
	s.T.Helper()
	total := 0
	for _, pod := range s.runningPods(name) {
		page := s.get(fmt.Sprintf("http://%s:%d/metrics", pod.Status.PodIP, appPort))
		total += int(sumOf(page, "http_requests_total"))
	}
	return total
}

// Metric returns the sum of a metric over all replicas of the controller. Selectors such as
// `outcome="Succeeded"` choose the series.
func (s *Scenario) Metric(name string, selectors ...string) float64 {
	s.T.Helper()
	total := 0.0
	for _, page := range s.metricsPages() {
		total += sumOf(page, name, selectors...)
	}
	return total
}

// metricsPages returns the metrics page of each replica of the controller.
func (s *Scenario) metricsPages() []string {
	s.T.Helper()
	if s.Process != nil {
		return []string{s.get("http://" + s.Process.address() + "/metrics")}
	}
	options := metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=lastgood"}
	pods, err := s.Cluster.Typed.CoreV1().Pods(systemNamespace).List(context.Background(), options)
	s.must(err)
	var pages []string
	for _, pod := range pods.Items {
		pages = append(pages, s.get(fmt.Sprintf("http://%s:8080/metrics", pod.Status.PodIP)))
	}
	return pages
}

// sumOf returns the sum of those series of a metric whose labels contain every selector. `page` is
// in the Prometheus text format.
func sumOf(page, name string, selectors ...string) float64 {
	total := 0.0
	for line := range strings.Lines(page) {
		series, number, found := strings.Cut(strings.TrimSpace(line), " ")
		metric, _, _ := strings.Cut(series, "{")
		value, err := strconv.ParseFloat(number, 64)
		if !found || err != nil || metric != name {
			continue
		}
		isMissing := func(selector string) bool { return !strings.Contains(series, selector) }
		if !slices.ContainsFunc(selectors, isMissing) {
			total += value
		}
	}
	return total
}

// get returns the body of the response to GET url. Any status but 200 fails the test.
func (s *Scenario) get(url string) string {
	s.T.Helper()
	text, err := tryGet(url)
	s.must(err)
	return text
}

// tryGet returns the body of the response to GET url. Any status but 200 is an error.
func tryGet(url string) (string, error) {
	client := http.Client{Timeout: 10 * time.Second}
	response, err := client.Get(url)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 4<<20))
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("GET %s returned %s", url, response.Status)
	}
	return string(text), err
}
