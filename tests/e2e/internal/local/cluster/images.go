// Import of images into containerd with its client ctr.
package cluster

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"lastgood.dev/tests/e2e/internal/local/image"
	"lastgood.dev/tests/e2e/internal/local/layout"
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
	return loadImage(c.ContainerdSocket(), archive)
}

// loadImage imports an archive into the containerd with this socket.
func loadImage(socket, archive string) ([]string, error) {
	names, err := image.Names(archive)
	if err != nil {
		return nil, err
	}
	if _, err := ctr(socket, "images", "import", archive); err != nil {
		return nil, err
	}
	listed, err := ctr(socket, "images", "list", "--quiet")
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

// LoadDemoImage loads an image of the test application under this name. The image sets these
// environment variables, such as HEALTH=fail, which a container can override.
func (c *Cluster) LoadDemoImage(name string, environment ...string) error {
	return c.loadProgram(c.ContainerdSocket(), name, c.DemoApp(), environment...)
}

// loadOwnImages loads the images that every node needs into the containerd with this socket.
func (c *Cluster) loadOwnImages(socket string) error {
	return errors.Join(c.loadProgram(socket, layout.PauseImage, c.Pause()),
		c.loadProgram(socket, layout.DemoImage, c.DemoApp()))
}

// loadProgram loads an image of one program.
func (c *Cluster) loadProgram(socket, name, program string, environment ...string) error {
	archive, err := os.CreateTemp(c.Path("images"), "*.tar")
	if err != nil {
		return err
	}
	archive.Close()
	defer os.Remove(archive.Name())
	if err := image.WriteFile(archive.Name(), name, program, environment...); err != nil {
		return err
	}
	_, err = loadImage(socket, archive.Name())
	return err
}

func (c *Cluster) containerdReady() error {
	_, err := ctr(c.ContainerdSocket(), "version")
	return err
}

// ctr runs the client of the containerd with this socket.
func ctr(socket string, args ...string) (string, error) {
	args = append([]string{"--address", socket, "--namespace", imageNamespace}, args...)
	text, err := exec.Command("ctr", args...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("ctr %s: %w: %s", strings.Join(args[4:], " "), err,
			strings.TrimSpace(string(text)))
	}
	return string(text), nil
}
