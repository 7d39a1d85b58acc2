// Package host changes the machine for a cluster, and reverts every change: bridge, packet filter,
// kernel settings, control groups, mounts. This package must not depend on the components of
// Kubernetes.
package host

import (
	"fmt"
	"os/exec"
	"strings"
)

func run(name string, args ...string) error {
	_, err := output(name, args...)
	return err
}

func output(name string, args ...string) (string, error) {
	text, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err,
			strings.TrimSpace(string(text)))
	}
	return string(text), nil
}

// debianPackages has the Debian package of each program that a cluster needs.
var debianPackages = map[string]string{
	"ip":                      "iproute2",
	"nft":                     "nftables",
	"containerd":              "containerd",
	"ctr":                     "containerd",
	"containerd-shim-runc-v2": "containerd",
	"runc":                    "runc",
}

// MissingPackages returns the Debian packages of missing programs.
func MissingPackages() []string {
	missing := map[string]bool{}
	for tool, name := range debianPackages {
		if _, err := exec.LookPath(tool); err != nil {
			missing[name] = true
		}
	}
	var names []string
	for name := range missing {
		names = append(names, name)
	}
	return names
}
