// The network of single pods, by the results that the CNI plugins store.
package host

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

const cniResults = "/var/lib/cni/results"

// DisconnectPods disconnects all pods of the containerd with this state directory from the bridge
// of the CNI network. Nobody gets a response from them any more, not even a refused connection.
func DisconnectPods(network, containerdState string) error {
	sandboxes, err := os.ReadDir(
		filepath.Join(containerdState, "io.containerd.grpc.v1.cri", "sandboxes"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, sandbox := range sandboxes {
		text, err := os.ReadFile(filepath.Join(cniResults, network+"-"+sandbox.Name()+"-eth0"))
		if err != nil {
			// The pod has no network yet, or no network any more.
			continue
		}
		for _, link := range hostLinks(text) {
			// A pod may end meanwhile, and its link with it.
			_ = run("ip", "link", "set", link, "down")
		}
	}
	return nil
}

// hostLinks returns the interfaces of a CNI result that are on the host and belong to the pod.
func hostLinks(stored []byte) []string {
	var file struct {
		Result struct {
			Interfaces []struct{ Name, Sandbox string }
		}
	}
	if json.Unmarshal(stored, &file) != nil {
		return nil
	}
	var links []string
	for _, link := range file.Result.Interfaces {
		if link.Sandbox == "" && len(link.Name) >= 4 && link.Name[:4] == "veth" {
			links = append(links, link.Name)
		}
	}
	return links
}
