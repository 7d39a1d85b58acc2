// The requests and the leader, by the metrics page of a controller.
package usage

import (
	"strconv"
	"strings"
)

// RequestsByMethod reads how many requests a controller has sent to the API server. A watch is a
// GET.
func RequestsByMethod(metrics string) map[string]float64 {
	found := map[string]float64{}
	for line := range strings.Lines(metrics) {
		labels, value, isSeries := strings.Cut(strings.TrimSpace(line), "} ")
		if !isSeries || !strings.HasPrefix(labels, "rest_client_requests_total{") {
			continue
		}
		_, method, _ := strings.Cut(labels, `method="`)
		method, _, _ = strings.Cut(method, `"`)
		if number, err := strconv.ParseFloat(value, 64); err == nil {
			found[method] += number
		}
	}
	return found
}

// SumOfSeries returns the sum of all series of a metric.
func SumOfSeries(metrics, name string) float64 {
	sum := 0.0
	for line := range strings.Lines(metrics) {
		rest, found := strings.CutPrefix(line, name)
		if !found || !strings.HasPrefix(rest, "{") && !strings.HasPrefix(rest, " ") {
			continue
		}
		fields := strings.Fields(rest)
		if number, err := strconv.ParseFloat(fields[len(fields)-1], 64); err == nil {
			sum += number
		}
	}
	return sum
}

// IsLeader reports whether a controller holds the Lease.
func IsLeader(metrics string) bool {
	for line := range strings.Lines(metrics) {
		if strings.HasPrefix(line, "leader_election_master_status{") {
			return strings.HasSuffix(strings.TrimSpace(line), " 1")
		}
	}
	return false
}
