// When: a packet filter between the scenario's own controller and the pods.
package scenario

import (
	"fmt"
	"os/exec"
	"strings"
)

// ControllerBlocked drops all packets of the scenario's own controller to the pods of a Deployment.
// kubelet reaches them as before, as with most network policies. The returned function removes the
// filter.
func (w *When) ControllerBlocked(name string) (unblock func()) {
	w.T.Helper()
	if w.Process == nil {
		w.T.Fatal("only the scenario's own controller can be blocked")
	}
	table := "lastgood-" + w.Namespace
	unblock = func() {
		// The cleanup of the test calls unblock again, when the table may be deleted already.
		_ = exec.Command("nft", "delete", "table", "ip", table).Run()
	}
	w.T.Cleanup(unblock)
	var addresses []string
	for _, pod := range w.runningPods(name) {
		addresses = append(addresses, pod.Status.PodIP)
	}
	w.nft("add table ip %s", table)
	w.nft("add chain ip %s output { type filter hook output priority 0; }", table)
	w.nft("add rule ip %s output meta skgid %d ip daddr { %s } drop", table, w.Process.group,
		strings.Join(addresses, ", "))
	return unblock
}

func (w *When) nft(format string, values ...any) {
	w.T.Helper()
	command := fmt.Sprintf(format, values...)
	if out, err := exec.Command("nft", command).CombinedOutput(); err != nil {
		w.T.Fatalf("nft %s: %v: %s", command, err, out)
	}
}
