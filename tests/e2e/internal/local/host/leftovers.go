// What containerd, the CNI plugins and the kubelet leave outside the state directory, in places that cannot be configured.
package host

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// The places, from the inside out, so that each is empty when it is its turn.
var outsideDirectories = []string{
	"/run/containerd/s", "/run/containerd", "/var/lib/cni/results", "/var/lib/cni", "/var/log/containers",
	"/var/lib/kubelet/device-plugins", "/var/lib/kubelet",
}

// OutsideDirectories are those that may appear outside the state directory.
func OutsideDirectories() []string { return outsideDirectories }

// Outside is where to find what was left.
type Outside struct {
	// ContainerdState has a folder for each task and each pod sandbox.
	ContainerdState string
	// PodLogs is where the links in /var/log/containers lead.
	PodLogs string
	// Network is the name of the pods' CNI network.
	Network string
	// Absent are the directories that did not exist before the cluster.
	Absent []string
}

// Remove removes it. It must run before the state directory is removed, for it reads there whose leftovers are whose.
func (o Outside) Remove() error {
	var failures []error
	failures = append(failures, o.removeShimSockets(), o.removeCNIResults(), o.removeLogLinks(), o.removeDevicePlugins())
	for _, dir := range outsideDirectories {
		if !contains(o.Absent, dir) {
			continue
		}
		err := syscall.Rmdir(dir)
		// Something else may have moved in meanwhile.
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTEMPTY) {
			failures = append(failures, err)
		}
	}
	return errors.Join(failures...)
}

// A shim that was killed leaves its socket; its folder has the address.
func (o Outside) removeShimSockets() error {
	files, err := filepath.Glob(filepath.Join(o.ContainerdState, "io.containerd.runtime.v2.task", "*", "*", "address"))
	if err != nil {
		return err
	}
	var failures []error
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		socket := strings.TrimPrefix(strings.TrimSpace(string(text)), "unix://")
		if strings.HasPrefix(socket, "/run/containerd/s/") {
			failures = append(failures, removeIfThere(socket))
		}
	}
	return errors.Join(failures...)
}

// The results of a pod that was killed are named NETWORK-SANDBOX-INTERFACE.
func (o Outside) removeCNIResults() error {
	own, err := filepath.Glob(filepath.Join("/var/lib/cni/results", o.Network+"-*"))
	if err != nil {
		return err
	}
	sandboxes, err := os.ReadDir(filepath.Join(o.ContainerdState, "io.containerd.grpc.v1.cri", "sandboxes"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, sandbox := range sandboxes {
		matching, err := filepath.Glob(filepath.Join("/var/lib/cni/results", "cni-loopback-"+sandbox.Name()+"-*"))
		if err != nil {
			return err
		}
		own = append(own, matching...)
	}
	var failures []error
	for _, file := range own {
		failures = append(failures, removeIfThere(file))
	}
	return errors.Join(failures...)
}

func (o Outside) removeLogLinks() error {
	links, err := filepath.Glob("/var/log/containers/*.log")
	if err != nil {
		return err
	}
	var failures []error
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil && strings.HasPrefix(target, o.PodLogs+"/") {
			failures = append(failures, removeIfThere(link))
		}
	}
	return errors.Join(failures...)
}

func (o Outside) removeDevicePlugins() error {
	const dir = "/var/lib/kubelet/device-plugins"
	if !contains(o.Absent, dir) {
		return nil
	}
	return os.RemoveAll(dir)
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func contains(list []string, wanted string) bool {
	for _, one := range list {
		if one == wanted {
			return true
		}
	}
	return false
}
