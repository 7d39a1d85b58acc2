// etcd is restored from a backup, or it is full.
package scenarios

import (
	"testing"
	"time"

	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

// The backup is from before the release. The controller has seen higher versions of all objects,
// and the pods of the release are gone without a change that it could have watched.
func TestForgetsAReleaseThatIsNotInTheBackupOfEtcd(t *testing.T) {
	scenario.OnlyLong(t)
	s, app := presumedGood(t)
	backup := s.When().EtcdSaved()
	s.When().Applied(app.As("v2")).Available("web")
	s.Then().IsBaking("web").CheckIs("web", "health", "Pass", "Passed")
	backup.Restore()
	restored := time.Now()
	s.Then().MetricIsAtLeast("lastgood_watch_restarts_total", 1, `reason="VersionDecreased"`)
	s.When().Available("web").TimePassed(settledAfterRestore)
	s.Then().StateIs("web", "Idle", "").IsCleanUndo(app).TemplatePatchesSince("web", restored, 0, 0).
		HasRollbackObjects("web", 0)
	s.When().Applied(app.As("v2").Env("HEALTH", "fail"))
	s.Then().IsRestoredAndVerified(app).HasRollbackObjects("web", 1).
		TemplatePatchesSince("web", restored, 1, 1)
}

// The backup is from the moment before the record of the rollback. The rollback succeeds, and its
// record and the restored template are lost: the bad release runs again. A controller that has seen
// the record may hold the release, because it rolls back a release at most once. It must roll back
// the next one.
func TestActsAtMostOnceWhenTheRollbackIsNotInTheBackupOfEtcd(t *testing.T) {
	scenario.OnlyLong(t)
	s, proxy := scenario.NewBehindProxy(t)
	app := scenario.NewApp("web", "v1")
	s.Given().Policy("web", firstFailureLongBake).ControllerStarted().
		PresumedGoodUnder("web", app)
	var backup *scenario.EtcdBackup
	proxy.Before("post rollbacks", func() { backup = s.When().EtcdSaved() })
	s.When().Applied(app.As("v2").Env("HEALTH", "fail"))
	proxy.AwaitFault(never)
	s.Then().IsRestoredAndVerified(app).TemplatePatchesSince("web", time.Time{}, 1, 1)
	backup.Restore()
	restored := time.Now()
	s.Then().MetricIsAtLeast("lastgood_watch_restarts_total", 1, `reason="VersionDecreased"`)
	s.When().Available("web").TimePassed(settledAfterRestore)
	s.Then().TemplatePatchesSince("web", restored, 0, 1)
	s.When().Applied(app.As("v3").Env("HEALTH", "fail"))
	s.Then().IsRestoredAndVerified(app).TemplatePatchesSince("web", restored, 1, 2)
}

// settledAfterRestore is how long a controller that has not noticed the restore could still act.
const settledAfterRestore = 20 * time.Second

// All writes are rejected while the release begins to fail, also the renewals of the Lease.
func TestRollsBackOnceAfterEtcdWasFull(t *testing.T) {
	scenario.OnlyLong(t)
	// fullFor is longer than the renew deadline of the Lease, and shorter than the time after which
	// a node whose Lease is not renewed is not ready.
	const fullFor = 25 * time.Second
	s, app := presumedGood(t)
	s.When().Applied(app.As("v2")).Available("web")
	s.Then().IsBaking("web").CheckIs("web", "health", "Pass", "Passed")
	freed := s.When().EtcdFull()
	s.When().SetInRunningPods("web", "HEALTH=fail").TimePassed(fullFor)
	expectOneRollbackSoonAfter(s, freed)
}
