// The bridge of the pods and its packet filter rules.
package host

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Network is the bridge and its packet filter rules. Address is the bridge's address with its
// prefix length. Owner is the state directory of the cluster; the alias of the bridge stores it.
type Network struct {
	Bridge, Address, PodRange, NATTable, Owner string
}

// proxyTables are the nftables tables, each with its family, that kube-proxy creates and does not
// remove.
var proxyTables = [][2]string{{"ip", "kube-proxy"}, {"ip6", "kube-proxy"}}

// CurrentOwner returns the owner of the bridge that exists, or "".
func (n Network) CurrentOwner() string {
	text, err := os.ReadFile(filepath.Join("/sys/class/net", n.Bridge, "ifalias"))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// Conflict returns an error if an interface uses an address of the pod range.
func (n Network) Conflict() error {
	pods, err := netip.ParsePrefix(n.PodRange)
	if err != nil {
		return err
	}
	interfaces, err := net.Interfaces()
	if err != nil {
		return err
	}
	for _, link := range interfaces {
		addresses, err := link.Addrs()
		if err != nil || link.Name == n.Bridge {
			continue
		}
		for _, address := range addresses {
			if prefix, err := netip.ParsePrefix(address.String()); err == nil &&
				pods.Contains(prefix.Addr()) {
				return fmt.Errorf("the pod range %s is in use: interface %s has the address %s",
					n.PodRange, link.Name, address)
			}
		}
	}
	return nil
}

// Create creates the bridge, the source NAT for its pods, and the forwarding rules.
func (n Network) Create() error {
	for _, args := range [][]string{
		{"link", "add", n.Bridge, "type", "bridge"},
		{"link", "set", n.Bridge, "alias", n.Owner},
		{"addr", "add", n.Address, "dev", n.Bridge},
		{"link", "set", n.Bridge, "up"},
	} {
		if err := run("ip", args...); err != nil {
			return err
		}
	}
	rules := fmt.Sprintf(`add table ip %[1]s
add chain ip %[1]s postrouting { type nat hook postrouting priority srcnat; }
add rule ip %[1]s postrouting ip saddr %[2]s ip daddr != %[2]s oifname != %[3]q masquerade`,
		n.NATTable, n.PodRange, n.Bridge)
	if err := run("nft", rules); err != nil {
		return err
	}
	return n.openForward()
}

// AddAddress gives the bridge a further address of the pod range, for an extra node. Processes can
// then listen on it.
func (n Network) AddAddress(address string) error {
	return run("ip", "addr", "replace", address+"/32", "dev", n.Bridge)
}

// RemoveAddress reverts AddAddress. It returns nil if the bridge does not have the address.
func (n Network) RemoveAddress(address string) error {
	link, err := net.InterfaceByName(n.Bridge)
	if err != nil {
		return nil
	}
	addresses, err := link.Addrs()
	if err != nil {
		return err
	}
	for _, existing := range addresses {
		if existing.String() == address+"/32" {
			return run("ip", "addr", "del", address+"/32", "dev", n.Bridge)
		}
	}
	return nil
}

// Remove reverts Create, and removes the tables of kube-proxy. It removes the bridge last: if
// Remove fails before that, CurrentOwner still finds the cluster.
func (n Network) Remove() error {
	for _, table := range append(proxyTables, [2]string{"ip", n.NATTable}) {
		if run("nft", "list", "table", table[0], table[1]) != nil {
			continue
		}
		if err := run("nft", "delete", "table", table[0], table[1]); err != nil {
			return err
		}
	}
	if err := n.closeForward(); err != nil {
		return err
	}
	if n.CurrentOwner() == "" {
		return nil
	}
	n.waitForPods()
	return run("ip", "link", "delete", n.Bridge)
}

// waitForPods waits until the kernel has removed the interfaces of the pods. The kernel removes an
// interface some time after its network namespace.
func (n Network) waitForPods() {
	const limit, interval = 5 * time.Second, 20 * time.Millisecond
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(interval) {
		ports, err := os.ReadDir(filepath.Join("/sys/class/net", n.Bridge, "brif"))
		if err != nil || len(ports) == 0 {
			return
		}
	}
}

// openForward allows packets of the pods on machines that do not forward packets by default, such
// as machines with Docker.
func (n Network) openForward() error {
	if _, err := exec.LookPath("iptables"); err != nil {
		return nil
	}
	policy, err := output("iptables", "-w", "-S", "FORWARD")
	if err != nil || !strings.Contains(policy, "-P FORWARD DROP") {
		return nil
	}
	for _, rule := range n.forwardRules() {
		if err := run("iptables", append([]string{"-w", "-I"}, rule...)...); err != nil {
			return err
		}
	}
	return nil
}

// closeForward removes the rules of openForward.
func (n Network) closeForward() error {
	if _, err := exec.LookPath("iptables"); err != nil {
		return nil
	}
	// iptables would create a missing table, so nft finds out whether the chain exists.
	if run("nft", "list", "chain", "ip", "filter", "FORWARD") != nil {
		return nil
	}
	for _, rule := range n.forwardRules() {
		for run("iptables", append([]string{"-w", "-C"}, rule...)...) == nil {
			if err := run("iptables", append([]string{"-w", "-D"}, rule...)...); err != nil {
				return err
			}
		}
	}
	return nil
}

func (n Network) forwardRules() [][]string {
	comment := []string{"-m", "comment", "--comment", n.NATTable, "-j", "ACCEPT"}
	return [][]string{
		append([]string{"FORWARD", "-i", n.Bridge}, comment...),
		append([]string{"FORWARD", "-o", n.Bridge}, comment...),
	}
}
