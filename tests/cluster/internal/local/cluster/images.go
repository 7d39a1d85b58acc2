// Images into the node's containerd, through its own client.
package cluster

import (
	"fmt"
	"os/exec"
	"strings"

	"lastgood.dev/tests/cluster/internal/local/image"
)

// The namespace that the kubelet's images are in.
const imageNamespace = "k8s.io"

// Under this prefix containerd files what it would name itself.
const importPrefix = "unnamed"

// LoadImage imports a docker or OCI archive and returns the names that pods may use.
func (c *Cluster) LoadImage(archive string) ([]string, error) {
	if !c.Processes.Alive(containerd) {
		return nil, fmt.Errorf("the cluster is not up: containerd does not run")
	}
	return c.loadImage(archive)
}

func (c *Cluster) loadImage(archive string) ([]string, error) {
	names, err := image.Names(archive)
	if err != nil {
		return nil, err
	}
	if _, err := c.ctr("images", "import", "--base-name", importPrefix, archive); err != nil {
		return nil, err
	}
	return c.rename(names)
}

func (c *Cluster) containerdReady() error {
	_, err := c.ctr("version")
	return err
}

func (c *Cluster) ctr(args ...string) (string, error) {
	args = append([]string{"--address", c.ContainerdSocket(), "--namespace", imageNamespace}, args...)
	text, err := exec.Command("ctr", args...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("ctr %s: %w: %s", strings.Join(args[4:], " "), err, strings.TrimSpace(string(text)))
	}
	return string(text), nil
}

func (c *Cluster) rename(names []image.Name) ([]string, error) {
	var loaded []string
	for _, name := range names {
		loaded = append(loaded, name.Reference)
	}
	return loaded, nil
}
