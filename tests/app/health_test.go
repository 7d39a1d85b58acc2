package main

import (
	"strings"
	"testing"
)

func TestHealthFailsAnExactShareOfRequests(t *testing.T) {
	_, server := serve(t, map[string]string{"HEALTH_FAIL_RATIO": "0.6667"})
	var codes []int
	for range 6 {
		code, _ := send(t, "GET", server.URL+"/health")
		codes = append(codes, code)
	}
	for i, want := range []int{200, 500, 500, 200, 500, 500} {
		if codes[i] != want {
			t.Fatalf("got %v; want two failures after each success", codes)
		}
	}
}

func TestHealthFailsForTheNextRequestsOnly(t *testing.T) {
	_, server := serve(t, map[string]string{"HEALTH_FAIL_NEXT": "2"})
	for i, want := range []int{500, 500, 200, 200} {
		if code, _ := send(t, "GET", server.URL+"/health"); code != want {
			t.Errorf("request %d: got %d, want %d", i+1, code, want)
		}
	}
	_, text := send(t, "GET", server.URL+"/metrics")
	for _, line := range []string{
		`health_requests_total{result="pass"} 2`, `health_requests_total{result="fail"} 2`,
	} {
		if !strings.Contains(text, line) {
			t.Errorf("%s is missing in\n%s", line, text)
		}
	}
}
