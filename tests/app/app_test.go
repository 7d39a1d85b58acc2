package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"
)

func serve(t *testing.T, knobValues map[string]string) (*App, *httptest.Server) {
	t.Helper()
	knobs := DefaultKnobs()
	for name, value := range knobValues {
		if err := knobs.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	app := NewApp(knobs)
	server := httptest.NewServer(app.Handler())
	t.Cleanup(server.Close)
	return app, server
}

func send(t *testing.T, method, url string) (int, string) {
	t.Helper()
	request, err := http.NewRequest(method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func TestPathsReturnTheStatusThatTheKnobsSet(t *testing.T) {
	for name, row := range map[string]struct {
		knobs map[string]string
		path  string
		code  int
	}{
		"healthy":             {nil, "/health", 200},
		"failing":             {map[string]string{"HEALTH": "fail"}, "/health", 500},
		"a status code":       {map[string]string{"HEALTH": "429"}, "/health", 429},
		"redirect":            {map[string]string{"HEALTH": "redirect"}, "/health", 302},
		"ready":               {nil, "/ready", 200},
		"unready":             {map[string]string{"READY": "fail"}, "/ready", 503},
		"unready but healthy": {map[string]string{"READY": "fail"}, "/health", 200},
		"failing but ready":   {map[string]string{"HEALTH": "fail"}, "/ready", 200},
		"an unknown path":     {nil, "/nothing", 404},
	} {
		t.Run(name, func(t *testing.T) {
			_, server := serve(t, row.knobs)
			if code, _ := send(t, "GET", server.URL+row.path); code != row.code {
				t.Errorf("got %d, want %d", code, row.code)
			}
		})
	}
}

func TestHealthReturnsNoResponseForCloseGarbageAndHang(t *testing.T) {
	for _, health := range []string{"close", "garbage", "hang"} {
		t.Run(health, func(t *testing.T) {
			_, server := serve(t, map[string]string{"HEALTH": health})
			ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
			defer cancel()
			request, err := http.NewRequestWithContext(ctx, "GET", server.URL+"/health", nil)
			if err != nil {
				t.Fatal(err)
			}
			response, err := http.DefaultTransport.RoundTrip(request)
			if err == nil {
				response.Body.Close()
				t.Fatalf("got status %s", response.Status)
			}
			if timedOut := errors.Is(err, context.DeadlineExceeded); timedOut != (health == "hang") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestFloodIsLongerThan32MiB(t *testing.T) {
	_, server := serve(t, map[string]string{"HEALTH": "flood"})
	response, err := http.Get(server.URL + "/health")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if got, err := io.CopyN(io.Discard, response.Body, 32<<20); err != nil {
		t.Errorf("the body ended after %d bytes: %v", got, err)
	}
}

func TestErrorRatioFailsAnExactShareOfRequests(t *testing.T) {
	for ratio, want := range map[string]int{"0": 0, "0.1": 10, "0.2": 20, "0.5": 50, "1": 100} {
		_, server := serve(t, map[string]string{"ERROR_RATIO": ratio})
		failed := 0
		for range 100 {
			if code, _ := send(t, "GET", server.URL+"/"); code == 500 {
				failed++
			}
		}
		if failed != want {
			t.Errorf("ratio %s: %d of 100 requests failed; want %d", ratio, failed, want)
		}
	}
}

func TestSetChangesTheKnobsOfARunningApplication(t *testing.T) {
	_, server := serve(t, nil)
	for _, step := range []struct {
		set  string
		code int
	}{{"HEALTH=fail", 500}, {"HEALTH=ok", 200}, {"HEALTH=429&VERSION=v2", 429}} {
		if code, text := send(t, "POST", server.URL+"/set?"+step.set); code != 200 {
			t.Fatalf("%s: %d %s", step.set, code, text)
		}
		if code, _ := send(t, "GET", server.URL+"/health"); code != step.code {
			t.Errorf("%s: got %d, want %d", step.set, code, step.code)
		}
	}
	if _, text := send(t, "GET", server.URL+"/"); text != "version v2\n" {
		t.Errorf("got %q", text)
	}
	code, text := send(t, "POST", server.URL+"/set?HEALTH=bad")
	if code != 400 || !strings.Contains(text, "refuse, hang") {
		t.Errorf("got %d %s; want 400 and the valid values", code, text)
	}
}

func TestPortCanBeClosedAndOpenedAgain(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	freeAddress := listener.Addr().String()
	listener.Close()
	port := &switchedPort{address: freeAddress, handler: http.NotFoundHandler()}
	for _, open := range []bool{true, false, false, true} {
		if err := port.setOpen(open); err != nil {
			t.Fatal(err)
		}
		connection, err := net.Dial("tcp", freeAddress)
		if err == nil {
			connection.Close()
		}
		if open != (err == nil) || (!open && !errors.Is(err, syscall.ECONNREFUSED)) {
			t.Errorf("open %v: got %v", open, err)
		}
	}
}
