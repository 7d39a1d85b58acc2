// Removal of files that containerd, the CNI plugins and kubelet create outside the state directory.
// Their paths cannot be configured.
package host

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// outsideDirectories are those directories, inner ones first, so that each is empty when it is
// removed.
var outsideDirectories = []string{
	"/run/containerd/s", "/run/containerd",
	"/var/lib/cni/results", "/var/lib/cni",
	"/var/log/containers",
	"/var/lib/kubelet/device-plugins", "/var/lib/kubelet",
}

// OutsideDirectories returns the directories that may be created outside the state directory.
func OutsideDirectories() []string { return outsideDirectories }

// Outside tells the files of this cluster from those of others.
type Outside struct {
	// ContainerdState has a folder for each task and each pod sandbox.
	ContainerdState string
	// PodLogs is the target directory of the links in /var/log/containers.
	PodLogs string
	// Network is the name of the pods' CNI network.
	Network string
	// Absent are the directories that did not exist before the cluster.
	Absent []string
}

// Remove removes the files. It reads the state directory, so it must run before that is removed.
func (o Outside) Remove() error {
	var failures []error
	failures = append(failures, o.removeShimSockets(), o.removeCNIResults(), o.removeLogLinks(),
		o.removeDevicePlugins())
	for _, dir := range outsideDirectories {
		if !contains(o.Absent, dir) {
			continue
		}
		err := syscall.Rmdir(dir)
		// The directory is not empty if another program has created files in it.
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTEMPTY) {
			failures = append(failures, err)
		}
	}
	return errors.Join(failures...)
}

// removeShimSockets removes the sockets of killed shims. The folder of each shim has the address.
func (o Outside) removeShimSockets() error {
	files, err := filepath.Glob(
		filepath.Join(o.ContainerdState, "io.containerd.runtime.v2.task", "*", "*", "address"))
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

// removeCNIResults removes the results of killed pods. A file is named NETWORK-SANDBOX-INTERFACE.
func (o Outside) removeCNIResults() error {
	own, err := filepath.Glob(filepath.Join("/var/lib/cni/results", o.Network+"-*"))
	if err != nil {
		return err
	}
	sandboxes, err := os.ReadDir(
		filepath.Join(o.ContainerdState, "io.containerd.grpc.v1.cri", "sandboxes"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, sandbox := range sandboxes {
		matching, err := filepath.Glob(
			filepath.Join("/var/lib/cni/results", "cni-loopback-"+sandbox.Name()+"-*"))
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
		if target, err := os.Readlink(link); err == nil &&
			strings.HasPrefix(target, o.PodLogs+"/") {
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
