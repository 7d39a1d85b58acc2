// Removal of files that containerd, the CNI plugins and kubelet create outside the state directory,
// because the paths of these files cannot be configured.
package host

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// leftoverDirectories are the directories outside the state directory in which a cluster leaves
// files. A directory comes before its parent, so that the parent is empty when it is removed.
var leftoverDirectories = []string{
	"/run/containerd/s", "/run/containerd",
	cniResults, "/var/lib/cni",
	"/var/log/containers",
	"/var/lib/kubelet/device-plugins", "/var/lib/kubelet",
}

// LeftoverDirectories returns the directories outside the state directory that a cluster may
// create.
func LeftoverDirectories() []string { return leftoverDirectories }

// Leftovers identifies the files of one cluster outside its state directory.
type Leftovers struct {
	// ContainerdState has a folder for each task and each pod sandbox.
	ContainerdState string
	// PodLogs is the target directory of the links in /var/log/containers.
	PodLogs string
	// Network is the name of the pods' CNI network.
	Network string
	// AbsentBefore are the directories that did not exist before the cluster.
	AbsentBefore []string
}

// Remove removes the files. It reads the state directory, which must still exist.
func (l Leftovers) Remove() error {
	var failures []error
	failures = append(failures, l.removeShimSockets(), l.removeCNIResults(), l.removeLogLinks(),
		l.removeDevicePlugins())
	for _, dir := range leftoverDirectories {
		if !slices.Contains(l.AbsentBefore, dir) {
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

// removeShimSockets removes the sockets of killed shims. The file "address" in the folder of a shim
// has the path of its socket.
func (l Leftovers) removeShimSockets() error {
	files, err := filepath.Glob(
		filepath.Join(l.ContainerdState, "io.containerd.runtime.v2.task", "*", "*", "address"))
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
			failures = append(failures, removeIfExists(socket))
		}
	}
	return errors.Join(failures...)
}

// removeCNIResults removes the results of killed pods. A file is named NETWORK-SANDBOX-INTERFACE.
func (l Leftovers) removeCNIResults() error {
	results, err := filepath.Glob(filepath.Join(cniResults, l.Network+"-*"))
	if err != nil {
		return err
	}
	sandboxes, err := os.ReadDir(
		filepath.Join(l.ContainerdState, "io.containerd.grpc.v1.cri", "sandboxes"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, sandbox := range sandboxes {
		matching, err := filepath.Glob(
			filepath.Join(cniResults, "cni-loopback-"+sandbox.Name()+"-*"))
		if err != nil {
			return err
		}
		results = append(results, matching...)
	}
	var failures []error
	for _, file := range results {
		failures = append(failures, removeIfExists(file))
	}
	return errors.Join(failures...)
}

func (l Leftovers) removeLogLinks() error {
	links, err := filepath.Glob("/var/log/containers/*.log")
	if err != nil {
		return err
	}
	var failures []error
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil &&
			strings.HasPrefix(target, l.PodLogs+"/") {
			failures = append(failures, removeIfExists(link))
		}
	}
	return errors.Join(failures...)
}

func (l Leftovers) removeDevicePlugins() error {
	const dir = "/var/lib/kubelet/device-plugins"
	if !slices.Contains(l.AbsentBefore, dir) {
		return nil
	}
	return os.RemoveAll(dir)
}

func removeIfExists(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
