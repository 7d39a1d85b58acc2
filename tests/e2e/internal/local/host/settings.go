// The kernel settings that a cluster changes, and their values from before.
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

// The kubelet sets vm and kernel, kube-proxy and the bridge net, Prepare the last.
var changedSettings = []string{
	"net/ipv4/ip_forward", "net/ipv4/conf/all/route_localnet", "net/bridge/bridge-nf-call-iptables",
	"vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops",
	"kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes", inotifyInstances,
}

const (
	inotifyInstances = "fs/inotify/max_user_instances"
	// Each container takes one for its memory events; a full node has some hundred.
	neededInstances = 2048
)

// State is what the machine was like before.
type State struct {
	Boot     string            `json:"boot"`
	Settings map[string]string `json:"settings"`
	// Absent are the directories that did not exist.
	Absent []string `json:"absent"`
}

// Remember records the settings, and which of the directories do not exist, into a file.
func Remember(path string, directories []string) error {
	state := State{Boot: bootID(), Settings: map[string]string{}}
	for _, name := range changedSettings {
		if value, err := setting(name); err == nil {
			state.Settings[name] = value
		}
	}
	for _, dir := range directories {
		if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
			state.Absent = append(state.Absent, dir)
		}
	}
	text, err := json.MarshalIndent(state, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o600)
}

// Recall reads what Remember wrote. A file that is missing or damaged, after a crash, is an empty state.
func Recall(path string) State {
	var state State
	if text, err := os.ReadFile(path); err != nil || json.Unmarshal(text, &state) != nil {
		return State{}
	}
	return state
}

// Restore puts the settings back. After a reboot there is nothing to put back.
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

// Prepare makes room for the file watches of many containers and lets the host forward for pods.
func Prepare() error {
	if err := writeExisting("/proc/sys/net/ipv4/ip_forward", "1"); err != nil {
		return fmt.Errorf("the machine does not let itself be made a router for pods: %w", err)
	}
	value, err := setting(inotifyInstances)
	if err != nil {
		return err
	}
	if now, err := strconv.Atoi(value); err == nil && now >= neededInstances {
		return nil
	}
	return writeExisting(filepath.Join("/proc/sys", inotifyInstances), strconv.Itoa(neededInstances))
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
