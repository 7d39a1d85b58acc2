// When: packets between the scenario's own controller and the API server are lost, without a reset.
package scenario

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"lastgood.dev/tests/e2e/internal/local/layout"
)

// APIServerUnreachable drops all packets between the scenario's own controller and the API server,
// of established connections and of new ones. The returned function removes the filter.
func (w *When) APIServerUnreachable() (restore func()) {
	w.T.Helper()
	restore = w.connectionsDropped()
	w.nft("add rule ip %s output meta skgid %d ip daddr %s tcp dport %d drop", w.holeTable(),
		w.Process.group, layout.NodeAddress, layout.APIServerPort)
	return restore
}

// ConnectionsDead drops all packets of the connections that the scenario's own controller now has
// to the API server. Later connections work. The returned function removes the filter.
func (w *When) ConnectionsDead() (restore func()) {
	w.T.Helper()
	return w.connectionsDropped()
}

func (w *When) holeTable() string { return "lastgood-hole-" + w.Namespace }

func (w *When) connectionsDropped() (restore func()) {
	w.T.Helper()
	table := w.holeTable()
	restore = func() {
		// The cleanup of the test calls restore again, when the table may be deleted already.
		_ = exec.Command("nft", "delete", "table", "ip", table).Run()
	}
	w.T.Cleanup(restore)
	ports := w.Process.apiServerPorts()
	if len(ports) == 0 {
		w.T.Fatal("the controller has no connection to the API server")
	}
	list, address := strings.Join(ports, ", "), layout.NodeAddress
	w.nft("add table ip %s", table)
	w.nft("add chain ip %s output { type filter hook output priority 0; }", table)
	w.nft("add rule ip %s output ip daddr %s tcp dport %d tcp sport { %s } drop", table, address,
		layout.APIServerPort, list)
	w.nft("add rule ip %s output ip saddr %s tcp sport %d tcp dport { %s } drop", table, address,
		layout.APIServerPort, list)
	return restore
}

// apiServerPorts returns the local ports of the connections to the API server.
func (p *Process) apiServerPorts() []string {
	p.scenario.T.Helper()
	p.lock.Lock()
	folder := fmt.Sprintf("/proc/%d", p.command.Process.Pid)
	p.lock.Unlock()
	table, err := os.ReadFile(folder + "/net/tcp")
	p.scenario.must(err)
	descriptors, err := filepath.Glob(folder + "/fd/*")
	p.scenario.must(err)
	owned := map[string]bool{}
	for _, descriptor := range descriptors {
		// The descriptor may be closed meanwhile.
		target, _ := os.Readlink(descriptor)
		owned[target] = true
	}
	remote := procAddress(layout.NodeAddress, layout.APIServerPort)
	var ports []string
	for line := range strings.Lines(string(table)) {
		// The columns 1, 2 and 9 are the local address, the remote address and the inode.
		columns := strings.Fields(line)
		if len(columns) < 10 || columns[2] != remote || !owned["socket:["+columns[9]+"]"] {
			continue
		}
		_, port, _ := strings.Cut(columns[1], ":")
		number, err := strconv.ParseUint(port, 16, 16)
		p.scenario.must(err)
		ports = append(ports, strconv.FormatUint(number, 10))
	}
	return ports
}

// procAddress returns an address as in /proc/net/tcp: the bytes of the IP address are reversed.
func procAddress(address string, port uint16) string {
	bytes := make([]byte, 4)
	binary.LittleEndian.PutUint32(bytes, binary.BigEndian.Uint32(net.ParseIP(address).To4()))
	return fmt.Sprintf("%s:%04X", strings.ToUpper(hex.EncodeToString(bytes)), port)
}
