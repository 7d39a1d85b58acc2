// When: etcd is full, or it is restored from a backup. Both concern all namespaces, so a scenario
// with these steps runs alone.
package scenario

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	core "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"lastgood.dev/tests/e2e/internal/local/cluster"
)

// Local returns the local cluster, whose components a scenario may stop and start.
func (s *Scenario) Local() *cluster.Cluster {
	s.T.Helper()
	local, err := cluster.Open(s.Cluster.Layout.Dir, io.Discard)
	s.must(err)
	return local
}

// EtcdBackup is the data of etcd at a time.
type EtcdBackup struct {
	scenario *Scenario
	folder   string
}

// EtcdSaved copies the data of etcd.
func (w *When) EtcdSaved() *EtcdBackup {
	w.T.Helper()
	b := &EtcdBackup{w.Scenario, filepath.Join(w.T.TempDir(), "etcd")}
	w.must(w.Local().SaveEtcd(b.folder))
	return b
}

// Restore replaces the data of etcd. All later changes are lost.
func (b *EtcdBackup) Restore() {
	b.scenario.T.Helper()
	b.scenario.must(b.scenario.Local().RestoreEtcd(b.folder))
}

// EtcdFull fills etcd with ConfigMaps until it rejects all writes. The returned function deletes
// them, after which etcd accepts writes again.
func (w *When) EtcdFull() (freed func()) {
	w.T.Helper()
	const (
		space   = 8 << 20
		maxMaps = 4 * space >> 20
		filler  = "filler"
	)
	local := w.Local()
	ctx := context.Background()
	configMaps := w.Cluster.Typed.CoreV1().ConfigMaps(w.Namespace)
	w.must(local.LimitEtcd(space))
	isFull := true
	freed = func() {
		w.T.Helper()
		if !isFull {
			return
		}
		isFull = false
		w.must(configMaps.DeleteCollection(ctx, metav1.DeleteOptions{},
			metav1.ListOptions{LabelSelector: filler}))
		w.must(local.FreeEtcd())
	}
	w.T.Cleanup(freed)
	megabyte := bytes.Repeat([]byte("x"), 1<<20)
	for number := range maxMaps {
		object := &core.ConfigMap{ObjectMeta: metav1.ObjectMeta{
			Name: fmt.Sprintf("%s-%d", filler, number), Labels: map[string]string{filler: ""},
		}, BinaryData: map[string][]byte{"x": megabyte[:len(megabyte)/2]}}
		_, err := configMaps.Create(ctx, object, metav1.CreateOptions{})
		if err != nil && strings.Contains(err.Error(), "database space exceeded") {
			return freed
		}
		w.must(err)
	}
	w.T.Fatalf("etcd accepts writes beyond its quota of %d more bytes", space)
	return freed
}
