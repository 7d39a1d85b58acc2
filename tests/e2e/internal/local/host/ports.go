// Finds out whether the ports that a cluster needs are free.
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
	Component string
	// Network is tcp or udp.
	Network string
	// Address is IP:PORT.
	Address string
}

// CheckFree returns an error with the first port that is in use, and the process that uses it.
func CheckFree(ports []Port) error {
	for _, port := range ports {
		err := tryListen(port)
		if errors.Is(err, syscall.EADDRINUSE) {
			return fmt.Errorf("port %s/%s, which %s needs, is used%s", port.Address, port.Network,
				port.Component, userOf(port))
		}
		if err != nil {
			return fmt.Errorf("port %s/%s, which %s needs: %w", port.Address, port.Network,
				port.Component, err)
		}
	}
	return nil
}

// freebind can listen on an address that does not exist yet, such as that of the bridge. It fails
// if another process listens on the same port of all addresses.
var freebind = net.ListenConfig{Control: func(_, _ string, socket syscall.RawConn) error {
	var failure error
	err := socket.Control(func(fd uintptr) {
		failure = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IP, syscall.IP_FREEBIND, 1)
	})
	return errors.Join(err, failure)
}}

func tryListen(port Port) error {
	if port.Network == "udp" {
		socket, err := freebind.ListenPacket(context.Background(), "udp4", port.Address)
		if err != nil {
			return err
		}
		return socket.Close()
	}
	socket, err := freebind.Listen(context.Background(), "tcp4", port.Address)
	if err != nil {
		return err
	}
	return socket.Close()
}

// userOf returns " by NAME (process PID)", or "" if the process is unknown.
func userOf(port Port) string {
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

// listeners returns the listening sockets of a port, each as "socket:[INODE]" like the links in
// /proc/PID/fd.
func listeners(network, number string) map[string]bool {
	found := map[string]bool{}
	var port int
	if _, err := fmt.Sscan(number, &port); err != nil {
		return found
	}
	for _, table := range []string{network, network + "6"} {
		text, err := os.ReadFile("/proc/net/" + table)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			fields := strings.Fields(line)
			// fields[1] is ADDRESS:PORT in hexadecimal digits, fields[9] the inode. The state
			// fields[3] is 0A for a listening socket, and 07 for an unconnected datagram socket.
			if len(fields) > 9 && strings.HasSuffix(fields[1], fmt.Sprintf(":%04X", port)) &&
				(fields[3] == "0A" || fields[3] == "07") {
				found["socket:["+fields[9]+"]"] = true
			}
		}
	}
	return found
}
