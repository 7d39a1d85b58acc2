// Up starts a cluster. Other files define the flags of each component.
package cluster

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"lastgood.dev/tests/e2e/internal/local/host"
	"lastgood.dev/tests/e2e/internal/local/layout"
)

// ErrUp is the error of Up if the cluster is already running.
var ErrUp = errors.New("the local cluster is already running")

// Up starts a new cluster. It first removes the leftovers of an earlier cluster. It returns ErrUp
// if the cluster is already running.
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
	if err := c.removeLeftovers(); err != nil {
		return err
	}
	started := time.Now()
	if err := c.start(programs); err != nil {
		return c.failStart(err)
	}
	c.say("Kubernetes %s started in %.1f s: KUBECONFIG=%s", layout.Version,
		time.Since(started).Seconds(), c.Kubeconfig())
	return nil
}

// removeLeftovers removes the leftovers of an earlier cluster. It returns an error if a cluster
// runs, if the state directory has other files, or if a port or an address is in use.
func (c *Cluster) removeLeftovers() error {
	if err := errors.Join(c.refuseOtherCluster(), c.refuseForeignDirectory()); err != nil {
		return err
	}
	stopped := c.stoppedComponents()
	if len(stopped) == 0 {
		return fmt.Errorf("%w in %s; use it (KUBECONFIG=%s) or stop it with ./dev cluster down",
			ErrUp, c.Dir, c.Kubeconfig())
	}
	if c.Exists() || len(c.Processes.Descendants()) > 0 {
		if len(stopped) < len(componentNames) {
			c.say("The cluster is incomplete (%s not running) and is started again.",
				strings.Join(stopped, ", "))
		} else {
			c.say("Removing the resources of an earlier cluster.")
		}
		if err := c.remove(); err != nil {
			return err
		}
	}
	return errors.Join(host.CheckFree(neededPorts()), c.network().Conflict())
}

func (c *Cluster) start(programs Programs) error {
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
	err := c.await(containerd, "containerd is ready", 30*time.Second, c.containerdReady)
	if err != nil {
		return err
	}
	if err := c.loadOwnImages(c.ContainerdSocket()); err != nil {
		return err
	}
	api, err := c.client()
	if err != nil {
		return err
	}
	err = c.await(apiServer, "the API server is ready", time.Minute, api.apiServerReady)
	if err != nil {
		// Without etcd, the API server waits without a message. The log of etcd has the reason.
		if !c.Processes.Alive(etcd) {
			return &Failure{etcd, errors.New("the process ended during its start")}
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

// makeDirectories first writes the marker and the state of the machine, so that Down works after
// any failure.
func (c *Cluster) makeDirectories(programs Programs) error {
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return err
	}
	const note = "This directory belongs to a local cluster; ./dev cluster down deletes it.\n"
	if err := os.WriteFile(c.Marker(), []byte(note), 0o644); err != nil {
		return err
	}
	if err := host.SaveState(c.Path("host.json"), host.LeftoverDirectories()); err != nil {
		return err
	}
	for _, dir := range []string{"bin", "config", "logs", "run", "pki", "images", "pod-logs"} {
		if err := os.MkdirAll(c.Path(dir), 0o755); err != nil {
			return err
		}
	}
	return c.linkPrograms(programs)
}

// linkPrograms gives the cluster its own links or copies of the programs. A new build or an empty
// cache does not affect a running cluster.
func (c *Cluster) linkPrograms(programs Programs) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	err = errors.Join(linkOrCopy(programs.Kubernetes, c.Program()),
		linkOrCopy(programs.Pause, c.Pause()), linkOrCopy(programs.DemoApp, c.DemoApp()),
		linkOrCopy(self, c.Path("bin", "local")))
	if err != nil {
		return err
	}
	return errors.Join(os.Symlink("kubernetes", c.Path("bin", "kubectl")),
		os.Symlink("kubernetes", c.Path("bin", "helm")))
}

// linkOrCopy links a file, because it is large. It copies the file if it cannot be linked.
func linkOrCopy(from, to string) error {
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

// failStart prints the end of the log that explains the failure. It then removes everything except
// for the files of the state directory, which include the logs.
func (c *Cluster) failStart(cause error) error {
	var failure *Failure
	if errors.As(cause, &failure) {
		c.say("--- end of %s", c.Log(failure.Component))
		c.say("%s", lastLines(c.Log(failure.Component), 30))
		c.say("---")
	}
	if err := c.removeAllExceptFiles(); err != nil {
		return errors.Join(cause, err)
	}
	return fmt.Errorf("the cluster did not start: %w (logs: %s)", cause, c.Path("logs"))
}

// lastLines returns the last lines of a log. It reads at most 64 KiB, because a log may be huge.
func lastLines(path string, lines int) string {
	const maxBytes = 64 << 10
	file, err := os.Open(path)
	if err != nil {
		return err.Error()
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && info.Size() > maxBytes {
		if _, err := file.Seek(-maxBytes, io.SeekEnd); err != nil {
			return err.Error()
		}
	}
	text := make([]byte, maxBytes)
	count, err := file.Read(text)
	if err != nil {
		return "(empty)"
	}
	all := strings.Split(strings.TrimRight(string(text[:count]), "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
