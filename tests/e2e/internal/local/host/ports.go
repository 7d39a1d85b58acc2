// Check of the ports that a cluster needs.
package host

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Port is an address on which a component will listen.
type Port struct {
	For     string
	Network string
	Address string
}

// CheckFree returns an error with the first port that is in use, and the process that uses it.
func CheckFree(ports []Port) error {
	for _, port := range ports {
		err := probe(port)
		if errors.Is(err, syscall.EADDRINUSE) {
			return fmt.Errorf("port %s/%s, which %s needs, is used%s", port.Address, port.Network,
				port.For, holder(port))
		}
		if err != nil {
			return fmt.Errorf("port %s/%s, which %s needs: %w", port.Address, port.Network,
				port.For, err)
		}
	}
	return nil
}

// anyAddress can listen on the address of the bridge, which does not exist yet. It fails if another
// process listens on this port of all addresses.
var anyAddress = net.ListenConfig{Control: func(_, _ string, socket syscall.RawConn) error {
	var failure error
	err := socket.Control(func(fd uintptr) {
		failure = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IP, syscall.IP_FREEBIND, 1)
	})
	return errors.Join(err, failure)
}}

func probe(port Port) error {
	if port.Network == "udp" {
		socket, err := anyAddress.ListenPacket(context.Background(), "udp4", port.Address)
		if err != nil {
			return err
		}
		return socket.Close()
	}
	socket, err := anyAddress.Listen(context.Background(), "tcp4", port.Address)
	if err != nil {
		return err
	}
	return socket.Close()
}

// holder returns " by NAME (process N)", or "" if the process is unknown.
func holder(port Port) string {
	_, number, err := net.SplitHostPort(port.Address)
	if err != nil {
		return ""
	}
	inodes := listeners(port.Network, number)
	links, err := filepath.Glob("/proc/[0-9]*/fd/*")
	if err != nil {
		return ""
	}
	for _, link := range links {
		target, err := os.Readlink(link)
		if err != nil || !inodes[target] {
			continue
		}
		pid := strings.Split(link, "/")[2]
		name, err := os.ReadFile(filepath.Join("/proc", pid, "comm"))
		if err != nil {
			continue
		}
		return fmt.Sprintf(" by %s (process %s)", strings.TrimSpace(string(name)), pid)
	}
	return ""
}

// listeners returns the sockets of a port, as "socket:[INODE]" like in /proc/PID/fd.
func listeners(network, number string) map[string]bool {
	found := map[string]bool{}
	var wanted int
	if _, err := fmt.Sscan(number, &wanted); err != nil {
		return found
	}
	for _, table := range []string{network, network + "6"} {
		text, err := os.ReadFile("/proc/net/" + table)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			fields := strings.Fields(line)
			// 0A is LISTEN, 07 an unconnected datagram socket.
			if len(fields) > 9 && strings.HasSuffix(fields[1], fmt.Sprintf(":%04X", wanted)) &&
				(fields[3] == "0A" || fields[3] == "07") {
				found["socket:["+fields[9]+"]"] = true
			}
		}
	}
	return found
}
