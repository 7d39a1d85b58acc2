package daemon

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain makes the test program a server if its first argument is "serve".
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "serve" {
		os.Exit(serve(os.Args[2]))
	}
	os.Exit(m.Run())
}

// serve is ready at once and ends with SIGTERM, as the real servers.
func serve(address string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	go func() { _ = http.Serve(listener, http.HandlerFunc(ok)) }()
	<-ctx.Done()
	fmt.Fprintln(os.Stderr, "ended by SIGTERM")
	return 0
}

func ok(http.ResponseWriter, *http.Request) {}

func testDaemon(t *testing.T) *Daemon {
	t.Helper()
	d, err := New(os.Args[0], "", "127.0.0.1", t.TempDir(),
		func(address string) []string { return []string{"serve", address} })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Kill)
	return d
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// responds reports whether the server responds within a short time.
func responds(d *Daemon) (bool, error) {
	client := http.Client{
		Timeout: 300 * time.Millisecond, Transport: &http.Transport{DisableKeepAlives: true},
	}
	response, err := client.Get(d.URL())
	if err != nil {
		return false, err
	}
	return true, response.Body.Close()
}

func TestServerHasTheSameAddressAfterAStopAndAKill(t *testing.T) {
	d := testDaemon(t)
	address := d.Address
	kill := func() error {
		d.Kill()
		return nil
	}
	for _, end := range []func() error{d.Stop, kill} {
		must(t, d.Start())
		if responded, err := responds(d); !responded {
			t.Error(err)
		}
		must(t, end())
		if _, err := responds(d); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("after the end: got %v", err)
		}
	}
	if d.Address != address {
		t.Errorf("the address changed to %s", d.Address)
	}
	if !strings.Contains(d.Log(), "ended by SIGTERM") {
		t.Errorf("the log is %q", d.Log())
	}
}

func TestPausedServerAcceptsConnectionsAndHangs(t *testing.T) {
	d := testDaemon(t)
	must(t, d.Start())
	must(t, d.Pause())
	if _, err := responds(d); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v; want a timeout", err)
	}
	must(t, d.Continue())
	if responded, err := responds(d); !responded {
		t.Error(err)
	}
}

func TestStopAndKillEndAPausedServer(t *testing.T) {
	d := testDaemon(t)
	must(t, d.Start())
	must(t, d.Pause())
	must(t, d.Stop())
	must(t, d.Start())
	must(t, d.Pause())
	d.Kill()
	if err := d.Continue(); err == nil {
		t.Error("a killed server was continued")
	}
}

func TestStartReportsARunningServerAndAFailedStart(t *testing.T) {
	d := testDaemon(t)
	must(t, d.Start())
	if err := d.Start(); !errors.Is(err, ErrRunning) {
		t.Errorf("got %v", err)
	}
	second := testDaemon(t)
	second.Args = []string{"serve", d.Address}
	// Without another address, the first server would respond to the probes of the second server.
	second.Address = "127.0.0.1:1"
	if err := second.Start(); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("got %v; want the end of the log", err)
	}
}

func TestMissingProgramIsAnErrorWithTheCommandThatGetsIt(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "server")
	_, err := New(missing, "./dev get-server", "127.0.0.1", t.TempDir(), nil)
	if err == nil || !strings.Contains(err.Error(), "./dev get-server") {
		t.Errorf("got %v", err)
	}
}

func TestServersThatDoNotRunYetHaveDifferentAddresses(t *testing.T) {
	if a, b := testDaemon(t), testDaemon(t); a.Address == b.Address {
		t.Errorf("both have %s", a.Address)
	}
}
