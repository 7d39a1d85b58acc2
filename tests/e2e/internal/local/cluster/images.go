// Import of images into containerd with its client ctr.
package cluster

import (
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"

	"lastgood.dev/tests/e2e/internal/local/image"
)

// imageNamespace is the containerd namespace of kubelet's images.
const imageNamespace = "k8s.io"

// LoadImage imports a docker or OCI archive and returns the names by which pods use its images.
func (c *Cluster) LoadImage(archive string) ([]string, error) {
	if !c.Processes.Alive(containerd) {
		return nil, errors.New("the cluster is not running; start it with ./dev cluster up")
	}
	return c.loadImage(archive)
}

func (c *Cluster) loadImage(archive string) ([]string, error) {
	names, err := image.Names(archive)
	if err != nil {
		return nil, err
	}
	if _, err := c.ctr("images", "import", archive); err != nil {
		return nil, err
	}
	listed, err := c.ctr("images", "list", "--quiet")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if !slices.Contains(strings.Fields(listed), name) {
			return nil, fmt.Errorf(
				"%s was imported, but not as %s; the name must have the form HOST/NAME:TAG",
				archive, name)
		}
	}
	return names, nil
}

func (c *Cluster) containerdReady() error {
	_, err := c.ctr("version")
	return err
}

func (c *Cluster) ctr(args ...string) (string, error) {
	args = append(
		[]string{"--address", c.ContainerdSocket(), "--namespace", imageNamespace},
		args...)
	text, err := exec.Command("ctr", args...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("ctr %s: %w: %s", strings.Join(args[4:], " "), err,
			strings.TrimSpace(string(text)))
	}
	return string(text), nil
}
