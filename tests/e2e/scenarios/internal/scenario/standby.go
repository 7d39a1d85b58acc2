// A second controller of a scenario, the Lease of both, and which of the two may write.
package scenario

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"lastgood.dev/tests/e2e/internal/audit"
)

// throughProxy is the user agent of every request that passed a proxy. By it, the audit log shows
// which of two controllers sent a write.
const throughProxy = "lastgood-controller/through-proxy"

// Standby prepares a second controller with the same Lease and another identity. Its requests pass
// no proxy.
func (s *Scenario) Standby() *Process {
	s.T.Helper()
	s.standby = s.newProcess(nil)
	s.standby.identity = "standby"
	return s.standby
}

// Terms returns how many times the latest process became the leader, by its log.
func (p *Process) Terms() int {
	p.scenario.T.Helper()
	p.lock.Lock()
	defer p.lock.Unlock()
	log, err := os.ReadFile(p.logFile)
	p.scenario.must(err)
	return bytes.Count(log[p.logFrom:], []byte("became the leader"))
}

// LeaseIsKept expects that the scenario's controller became the leader once, and that no other
// process has held the Lease.
func (t *Then) LeaseIsKept() *Then {
	t.T.Helper()
	spec := t.Process.Lease().Spec
	if holder, transitions := *spec.HolderIdentity, *spec.LeaseTransitions; holder !=
		t.Process.identity || transitions != 0 {
		t.T.Errorf("the Lease has holder %q after %d transitions; want %q after 0", holder,
			transitions, t.Process.identity)
	}
	if terms := t.Process.Terms(); terms != 1 {
		t.T.Errorf("the controller became the leader %d times; want once", terms)
	}
	return t
}

// LeaseIsTakenBy waits until a process holds the Lease, and returns when it acquired the Lease.
func (t *Then) LeaseIsTakenBy(process *Process) time.Time {
	t.T.Helper()
	leases := t.Cluster.Typed.CoordinationV1().Leases(t.Namespace)
	var acquired time.Time
	t.eventually(process.identity+" holds the Lease", func(ctx context.Context) (bool, string) {
		lease, err := leases.Get(ctx, leaseName, metav1.GetOptions{})
		if err != nil || lease.Spec.HolderIdentity == nil || lease.Spec.AcquireTime == nil {
			return false, fmt.Sprint(err)
		}
		acquired = lease.Spec.AcquireTime.Time
		return *lease.Spec.HolderIdentity == process.identity, *lease.Spec.HolderIdentity
	})
	return acquired
}

// LeaseDeleted deletes the Lease, which a controller may have to create again.
func (w *When) LeaseDeleted() *When {
	w.T.Helper()
	err := w.Cluster.Typed.CoordinationV1().Leases(w.Namespace).
		Delete(context.Background(), leaseName, metav1.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		w.T.Fatal(err)
	}
	return w
}

// OnlyTheHolderWrote expects that each successful write of a controller, except for writes of the
// Lease, was sent by the controller that had written the Lease last. A write for which `isLate`
// returns true may come from the other controller.
func (t *Then) OnlyTheHolderWrote(isLate func(audit.Write) bool) *Then {
	t.T.Helper()
	holder := ""
	for _, write := range t.completeAuditLog().WritesBy(ControllerUser) {
		if write.Namespace != t.Namespace || !write.Succeeded() {
			continue
		}
		if write.Resource == "leases" {
			holder = write.UserAgent
			continue
		}
		if write.UserAgent != holder && !isLate(write) {
			t.T.Errorf("at %s the controller with the user agent %q sent %s %s/%s of %s, although "+
				"the holder of the Lease had the user agent %q", write.Time.Format("15:04:05.000"),
				write.UserAgent, write.Verb, write.Resource, write.Subresource, write.Object, holder)
		}
	}
	return t
}

// NoneIsLate is for OnlyTheHolderWrote.
func NoneIsLate(audit.Write) bool { return false }
