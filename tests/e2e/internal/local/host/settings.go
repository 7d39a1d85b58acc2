// The kernel settings that a cluster changes, and their earlier values.
package host

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// changedSettings are the kernel settings that a running cluster changes. kubelet changes vm and
// kernel, kube-proxy and the bridge change net, and Prepare changes fs.
var changedSettings = []string{
	"net/ipv4/ip_forward", "net/ipv4/conf/all/route_localnet", "net/bridge/bridge-nf-call-iptables",
	"vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops",
	"kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes", inotifyInstances,
}

const (
	inotifyInstances = "fs/inotify/max_user_instances"
	// containerd needs one inotify instance for the memory events of each container.
	neededInstances = 2048
)

// State is the state of the machine before the cluster was started.
type State struct {
	// Boot is the ID that the kernel generates at each boot.
	Boot     string            `json:"boot"`
	Settings map[string]string `json:"settings"`
	// AbsentBefore are the directories that did not exist.
	AbsentBefore []string `json:"absent"`
}

// SaveState writes the settings, and the directories that do not exist, to a file.
func SaveState(path string, directories []string) error {
	state := State{Boot: bootID(), Settings: map[string]string{}}
	for _, name := range changedSettings {
		if value, err := setting(name); err == nil {
			state.Settings[name] = value
		}
	}
	for _, dir := range directories {
		if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
			state.AbsentBefore = append(state.AbsentBefore, dir)
		}
	}
	text, err := json.MarshalIndent(state, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o600)
}

// LoadState reads the file of SaveState. If the file is missing or damaged, the state is empty.
func LoadState(path string) State {
	var state State
	if text, err := os.ReadFile(path); err != nil || json.Unmarshal(text, &state) != nil {
		return State{}
	}
	return state
}

// Restore sets the settings to their earlier values. After a reboot there is nothing to restore.
func (s State) Restore() error {
	if s.Boot != bootID() {
		return nil
	}
	for name, value := range s.Settings {
		if now, err := setting(name); err != nil || now == value {
			continue
		}
		if err := writeExisting(filepath.Join("/proc/sys", name), value); err != nil {
			return fmt.Errorf("kernel setting %s: %w", name, err)
		}
	}
	return nil
}

// Prepare enables forwarding for pods and raises the limit of inotify instances.
func Prepare() error {
	if err := writeExisting("/proc/sys/net/ipv4/ip_forward", "1"); err != nil {
		return fmt.Errorf("cannot enable IP forwarding for pods: %w", err)
	}
	value, err := setting(inotifyInstances)
	if err != nil {
		return err
	}
	if now, err := strconv.Atoi(value); err == nil && now >= neededInstances {
		return nil
	}
	return writeExisting(filepath.Join("/proc/sys", inotifyInstances),
		strconv.Itoa(neededInstances))
}

func setting(name string) (string, error) {
	text, err := os.ReadFile(filepath.Join("/proc/sys", name))
	return strings.TrimSpace(string(text)), err
}

func bootID() string {
	id, err := setting("kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return id
}
