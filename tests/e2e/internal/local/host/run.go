// Package host changes the machine for a cluster and takes every change back: bridge, packet filter, kernel settings, control
// groups, mounts. It must not know Kubernetes' components.
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
		return "", fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(string(text)))
	}
	return string(text), nil
}

// Tools are the programs that a cluster needs, with the Debian package of each.
var Tools = map[string]string{
	"ip":                      "iproute2",
	"nft":                     "nftables",
	"containerd":              "containerd",
	"ctr":                     "containerd",
	"containerd-shim-runc-v2": "containerd",
	"runc":                    "runc",
}

// MissingPackages names the Debian packages whose programs are not there.
func MissingPackages() []string {
	missing := map[string]bool{}
	for tool, name := range Tools {
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
