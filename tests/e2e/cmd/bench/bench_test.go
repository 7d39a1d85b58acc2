package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestRecorderPassesTheQueryOnAndRecordsItsTimes(t *testing.T) {
	prometheus := httptest.NewServer(http.HandlerFunc(
		func(w http.ResponseWriter, request *http.Request) {
			_, _ = io.WriteString(w, request.URL.Path+" "+request.FormValue("query"))
		}))
	defer prometheus.Close()
	r, err := startRecorder("127.0.0.1", prometheus.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer r.stop()
	for range 3 {
		response, err := http.PostForm(r.address+"/api/v1/query", url.Values{"query": {"up == 1"}})
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || string(body) != "/api/v1/query up == 1" {
			t.Fatalf("got %q, %v", body, err)
		}
	}
	if queries, requests, drifts := r.drifts(time.Hour); queries != 1 || requests != 3 ||
		len(drifts) != 2 || drifts[0] < 59*time.Minute {
		t.Errorf("got %d queries, %d requests, %v", queries, requests, drifts)
	}
	r.reset()
	if queries, _, _ := r.drifts(time.Hour); queries != 0 {
		t.Errorf("got %d queries after the reset", queries)
	}
}

func TestPagesGrowWithTheTimeAndHaveAllSeries(t *testing.T) {
	early, late := podPage(time.Second), podPage(time.Minute)
	if early == late || !strings.Contains(late, "http_requests_total{code=\"500\"} 0\n") {
		t.Errorf("got %q", late)
	}
	if count := strings.Count(late, "\n"); count < 190 || count > 210 {
		t.Errorf("the page has %d series", count)
	}
	pods := map[string]bool{"web-1": true}
	if page := fleetPage("shop", pods, time.Minute); !strings.Contains(page,
		`http_requests_total{namespace="shop",pod="web-1",code="200"} 3000`) {
		t.Errorf("got %q", page)
	}
}

func TestEachPodHasItsOwnAddress(t *testing.T) {
	seen := map[string]bool{}
	for number := range 5000 {
		address := podAddress(number)
		if seen[address] || !strings.HasPrefix(address, "10.246.") {
			t.Fatalf("pod %d has the address %s", number, address)
		}
		seen[address] = true
	}
}
