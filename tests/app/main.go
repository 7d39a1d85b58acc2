// Command app is the application that the tests and the demo release. Its knobs make it healthy or
// unhealthy; see the README. This file has the process and its ports; the handlers are in app.go.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

const (
	address = ":8080"
	// controlAddress has the same handlers, so that knobs can be set while port 8080 is closed.
	controlAddress = ":8081"
)

func main() {
	knobs, err := FromEnvironment(os.LookupEnv)
	if err != nil {
		fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	fmt.Printf("starting version %s\n", knobs.Version)
	if knobs.OOM {
		go eatMemory()
	}
	if knobs.Once != "" {
		probeOnce(ctx, knobs.Once)
		return
	}
	app := NewApp(knobs)
	crash := &crashTimer{started: time.Now()}
	crash.schedule(knobs)
	port := &switchedPort{address: address, handler: app.Handler()}
	app.Changed = func(knobs Knobs) {
		crash.schedule(knobs)
		if knobs.OOM {
			go eatMemory()
		}
		if err := port.setOpen(knobs.Health != "refuse"); err != nil {
			fatal(err)
		}
	}
	select {
	case <-time.After(knobs.StartDelay):
	case <-ctx.Done():
		return
	}
	if err := port.setOpen(app.Knobs().Health != "refuse"); err != nil {
		fatal(err)
	}
	control := &switchedPort{address: controlAddress, handler: app.Handler()}
	if err := control.setOpen(true); err != nil {
		fatal(err)
	}
	<-ctx.Done()
	fmt.Println("received SIGTERM, exiting")
}

// probeOnce ends the process with code 1 if the URL does not pass, like a database migration in an
// init container.
func probeOnce(ctx context.Context, url string) {
	if err := probeDependency(ctx, url); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(2)
}

// crashTimer ends the process CRASH_AFTER seconds after its start.
type crashTimer struct {
	started time.Time
	mutex   sync.Mutex
	timer   *time.Timer
}

// schedule replaces the time that an earlier call has set.
func (c *crashTimer) schedule(knobs Knobs) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.timer != nil {
		c.timer.Stop()
	}
	if knobs.CrashAfter == nil {
		return
	}
	c.timer = time.AfterFunc(*knobs.CrashAfter-time.Since(c.started), func() {
		fmt.Fprintln(os.Stderr, "crashing because of CRASH_AFTER")
		os.Exit(1)
	})
}

// switchedPort is a port that can be opened and closed. While it is closed, the kernel refuses
// connections.
type switchedPort struct {
	address string
	handler http.Handler
	mutex   sync.Mutex
	server  *http.Server
}

func (p *switchedPort) setOpen(open bool) error {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if open == (p.server != nil) {
		return nil
	}
	if !open {
		// Shutdown closes the listener at once. With a cancelled context it does not wait for
		// requests, but the request that closes the port still gets its response.
		server := p.server
		p.server = nil
		cancelled, cancel := context.WithCancel(context.Background())
		cancel()
		if err := server.Shutdown(cancelled); err != nil && !errors.Is(err, context.Canceled) {
			return err
		}
		return nil
	}
	listener, err := net.Listen("tcp", p.address)
	if err != nil {
		return err
	}
	p.server = &http.Server{Handler: p.handler, ReadHeaderTimeout: 10 * time.Second}
	// Serve always returns an error when the port is closed.
	go func(server *http.Server) { _ = server.Serve(listener) }(p.server)
	return nil
}
