// Bringing a cluster up. Must not know a component's flags.
package cluster

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lastgood.dev/tests/e2e/internal/local/host"
	"lastgood.dev/tests/e2e/internal/local/image"
	"lastgood.dev/tests/e2e/internal/local/layout"
)

// ErrUp is Up's answer when there is nothing to do.
var ErrUp = errors.New("the cluster is up already")

// Up starts a cluster from nothing. What an earlier one left is removed first; one that runs is refused.
func (c *Cluster) Up(programs Programs) error {
	if err := requireRoot(); err != nil {
		return err
	}
	if err := requireTools(); err != nil {
		return err
	}
	unlock, err := lock(layout.LockFile, "up")
	if err != nil {
		return err
	}
	defer unlock()
	if err := c.clear(); err != nil {
		return err
	}
	started := time.Now()
	if err := c.bringUp(programs); err != nil {
		return c.giveUp(err)
	}
	c.say("Kubernetes %s is up after %.1f s: KUBECONFIG=%s", layout.Version, time.Since(started).Seconds(), c.Kubeconfig())
	return nil
}

// clear makes sure that nothing is in the way, and removes it when it is our own.
func (c *Cluster) clear() error {
	if err := errors.Join(c.refuseStranger(), c.refuseForeignDirectory()); err != nil {
		return err
	}
	down := c.down()
	if len(down) == 0 {
		return fmt.Errorf("%w in %s; use it (KUBECONFIG=%s), or take it down first", ErrUp, c.Dir, c.Kubeconfig())
	}
	if c.Exists() || len(c.Processes.Descendants()) > 0 {
		if len(down) < len(componentNames) {
			c.say("The cluster is broken (%s not running): starting it from nothing.", strings.Join(down, ", "))
		} else {
			c.say("Removing what an earlier cluster left.")
		}
		if err := c.remove(); err != nil {
			return err
		}
	}
	return errors.Join(host.CheckFree(usedPorts()), c.network().Conflict())
}

func (c *Cluster) bringUp(programs Programs) error {
	if err := c.makeDirectories(programs); err != nil {
		return err
	}
	if err := errors.Join(c.writeCredentials(), c.writeConfiguration()); err != nil {
		return err
	}
	if err := errors.Join(host.Prepare(), c.cgroup().Create(), c.network().Create()); err != nil {
		return err
	}
	for _, name := range []string{etcd, containerd, apiServer} {
		if err := c.Processes.Start(c.command(name)); err != nil {
			return err
		}
	}
	if err := c.loadOwnImages(programs); err != nil {
		return err
	}
	api, err := c.client()
	if err != nil {
		return err
	}
	if err := c.await(apiServer, "the API server becoming ready", time.Minute, api.apiServerReady); err != nil {
		// Without its store the API server waits in silence; the store's log is the one that explains.
		if !c.Processes.Alive(etcd) {
			return &Failure{etcd, errors.New("it ended while it was starting")}
		}
		return err
	}
	for _, name := range []string{controllerManager, scheduler, kubelet, kubeProxy, coreDNS} {
		if err := c.Processes.Start(c.command(name)); err != nil {
			return err
		}
	}
	for _, step := range api.milestones() {
		if err := c.await(step.component, step.what, time.Minute, step.check); err != nil {
			return err
		}
	}
	return nil
}

// The marker and the memory of the machine come first: whatever happens then, Down knows what to do.
func (c *Cluster) makeDirectories(programs Programs) error {
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(c.Marker(), []byte("This directory is a local cluster's, which removes it when it is taken down.\n"), 0o644); err != nil {
		return err
	}
	if err := host.Remember(c.Path("host.json"), host.OutsideDirectories()); err != nil {
		return err
	}
	for _, dir := range []string{"bin", "config", "logs", "run", "pki", "images", "pod-logs"} {
		if err := os.MkdirAll(c.Path(dir), 0o755); err != nil {
			return err
		}
	}
	return c.placePrograms(programs)
}

// The cluster has its programs for itself: whoever builds new ones, or clears the cache, does not disturb it.
func (c *Cluster) placePrograms(programs Programs) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if err := errors.Join(place(programs.Kubernetes, c.Program()), place(self, c.Path("bin", "local"))); err != nil {
		return err
	}
	return errors.Join(os.Symlink("kubernetes", c.Path("bin", "kubectl")), os.Symlink("kubernetes", c.Path("bin", "helm")))
}

// place links a file where that is possible, for it is large, and copies it elsewhere.
func place(from, to string) error {
	if os.Link(from, to) == nil {
		return nil
	}
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	defer target.Close()
	if _, err := io.Copy(target, source); err != nil {
		return err
	}
	return target.Close()
}

func (c *Cluster) loadOwnImages(programs Programs) error {
	if err := c.await(containerd, "containerd answering", 30*time.Second, c.containerdReady); err != nil {
		return err
	}
	for reference, binary := range map[string]string{layout.PauseImage: programs.Pause, layout.DemoImage: programs.DemoApp} {
		archive := c.Path("images", filepath.Base(binary)+".tar")
		if err := image.WriteFile(archive, reference, binary); err != nil {
			return err
		}
		if _, err := c.loadImage(archive); err != nil {
			return err
		}
		if err := os.Remove(archive); err != nil {
			return err
		}
	}
	return nil
}

// giveUp stops everything but keeps the logs, and shows the end of the one that explains.
func (c *Cluster) giveUp(cause error) error {
	var failure *Failure
	if errors.As(cause, &failure) {
		c.say("--- the end of %s", c.Log(failure.Component))
		c.say("%s", tail(c.Log(failure.Component), 30))
		c.say("---")
	}
	if err := c.stopEverything(); err != nil {
		return errors.Join(cause, err)
	}
	return fmt.Errorf("the cluster did not come up: %w (logs: %s)", cause, c.Path("logs"))
}

// The logs of a failed start are short; the bound is for a component that floods.
func tail(path string, lines int) string {
	const most = 64 << 10
	file, err := os.Open(path)
	if err != nil {
		return err.Error()
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && info.Size() > most {
		if _, err := file.Seek(-most, 2); err != nil {
			return err.Error()
		}
	}
	text := make([]byte, most)
	count, err := file.Read(text)
	if err != nil {
		return "(it is empty)"
	}
	all := strings.Split(strings.TrimRight(string(text[:count]), "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
