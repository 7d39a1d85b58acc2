package host

import (
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestParseMountsReadsPointAndKind(t *testing.T) {
	got := parseMounts(`25 30 0:23 / /sys rw,nosuid shared:7 - sysfs sysfs rw
42 25 0:39 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw
90 1 0:4 / /var/lib/a\040b rw - tmpfs tmpfs rw
not a line
`)
	want := []mount{{"/sys", "sysfs"}, {"/sys/fs/cgroup", "cgroup2"}, {"/var/lib/a b", "tmpfs"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestCheckFreeReportsThePortAndItsProcess(t *testing.T) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	err = CheckFree([]Port{{Component: "etcd", Network: "tcp", Address: listener.Addr().String()}})
	if err == nil ||
		!strings.Contains(err.Error(), "which etcd needs, is used by host.test (process") {
		t.Errorf("got %v", err)
	}
}

func TestCheckFreeReportsAUsedUDPPort(t *testing.T) {
	socket, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	used := Port{Component: "coredns", Network: "udp", Address: socket.LocalAddr().String()}
	if err := CheckFree([]Port{used}); err == nil {
		t.Error("the port is reported as free")
	}
}

func TestCheckFreeAcceptsAnAddressThatDoesNotExist(t *testing.T) {
	// 203.0.113.0/24 is reserved for documentation, so no machine has such an address.
	free := Port{Component: "kubelet", Network: "tcp", Address: "203.0.113.7:10250"}
	if err := CheckFree([]Port{free}); err != nil {
		t.Error(err)
	}
}

func TestCheckFreeAcceptsAPortThatIsUsedOnAnotherAddress(t *testing.T) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	free := Port{Component: "coredns", Network: "tcp", Address: "127.0.0.2:" + port}
	if err := CheckFree([]Port{free}); err != nil {
		t.Error(err)
	}
}

func TestConflictReportsTheInterfaceThatUsesThePodRange(t *testing.T) {
	network := Network{Bridge: "none", PodRange: "127.0.0.0/20"}
	if err := network.Conflict(); err == nil ||
		!strings.Contains(err.Error(), "interface lo has the address 127.0.0.1/8") {
		t.Errorf("got %v", err)
	}
}

func TestSaveStateRecordsSettingsAndMissingDirectories(t *testing.T) {
	dir := t.TempDir()
	file, missing := filepath.Join(dir, "host.json"), filepath.Join(dir, "missing")
	if err := SaveState(file, []string{dir, missing}); err != nil {
		t.Fatal(err)
	}
	state := LoadState(file)
	if !reflect.DeepEqual(state.AbsentBefore, []string{missing}) ||
		state.Settings["net/ipv4/ip_forward"] == "" ||
		state.Boot == "" {
		t.Errorf("got %+v", state)
	}
}

func TestLoadStateReturnsAnEmptyStateForADamagedFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "host.json")
	if err := os.WriteFile(file, []byte(`{"settings": {"net/ip`), 0o600); err != nil {
		t.Fatal(err)
	}
	if state := LoadState(file); state.Settings != nil || state.Restore() != nil {
		t.Errorf("got %+v", state)
	}
}
