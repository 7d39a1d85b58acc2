// Package monitoring runs a real Prometheus and a real Alertmanager as processes of a test, without
// a cluster. ./dev puts the programs into the cache. This package must not name a scenario.
package monitoring

import (
	"path/filepath"

	"lastgood.dev/tests/e2e/internal/daemon"
	"lastgood.dev/tests/e2e/internal/local/layout"
)

// Program returns the path of a program that ./dev has put into the cache.
func Program(name string) string { return filepath.Join(packages(), "usr", "bin", name) }

// packages returns the folder with the unpacked Debian packages.
func packages() string { return filepath.Join(layout.Cache(), "metrics-servers") }

func newDaemon(program, host, folder string,
	args func(address string) []string,
) (*daemon.Daemon, error) {
	return daemon.New(program, "./dev cluster metrics-servers", host, folder, args)
}
