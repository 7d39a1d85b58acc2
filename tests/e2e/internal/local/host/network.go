// The bridge that pods are on, and what the packet filter needs for it. Must not know what is in the pods.
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

// Network is the bridge and its packet filter rules. Owner is written on the bridge, so that a leftover is known for whose it is.
type Network struct {
	Bridge, Address, PodRange, NATTable, Owner string
}

// Tables that kube-proxy makes and leaves.
var proxyTables = [][2]string{{"ip", "kube-proxy"}, {"ip6", "kube-proxy"}}

// CurrentOwner is the state directory written on the bridge, "" when there is no bridge.
func (n Network) CurrentOwner() string {
	text, err := os.ReadFile(filepath.Join("/sys/class/net", n.Bridge, "ifalias"))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// Conflict names the interface that already uses addresses of the pod range.
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
			if prefix, err := netip.ParsePrefix(address.String()); err == nil && pods.Contains(prefix.Addr()) {
				return fmt.Errorf("the pods' addresses %s are in use: interface %s has %s", n.PodRange, link.Name, address)
			}
		}
	}
	return nil
}

// Create makes the bridge, lets its pods reach the outside, and lets the host forward for them.
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
add rule ip %[1]s postrouting ip saddr %[2]s ip daddr != %[2]s oifname != %[3]q masquerade`, n.NATTable, n.PodRange, n.Bridge)
	if err := run("nft", rules); err != nil {
		return err
	}
	return n.openForward()
}

// Remove takes back what Create and kube-proxy did. The bridge goes last: as long as it is there, there is something to remove.
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

// The kernel takes a pod's interface away some time after the pod's network namespace.
func (n Network) waitForPods() {
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		ports, err := os.ReadDir(filepath.Join("/sys/class/net", n.Bridge, "brif"))
		if err != nil || len(ports) == 0 {
			return
		}
	}
}

// A machine with Docker drops what it forwards unless a rule allows it.
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

func (n Network) closeForward() error {
	if _, err := exec.LookPath("iptables"); err != nil {
		return nil
	}
	// Asking iptables for a chain makes its table where there is none, so nft is asked whether there is anything to remove.
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
