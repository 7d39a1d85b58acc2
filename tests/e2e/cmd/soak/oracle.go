// The oracle: whether the controller changed a template that it must not change, or left a bad
// release running. It reads only the audit log.
package main

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"lastgood.dev/tests/e2e/internal/audit"
)

// patience is how long a bad release may run before the controller rolls it back. The pods start
// slowly while all of Kubernetes shares a machine, and the API server restarts.
const patience = 3 * time.Minute

// templateWrite is a write of a Deployment, without the bodies, which an hour of logs cannot keep.
type templateWrite struct {
	time    time.Time
	version uint64 // resourceVersion
	user    string
	created bool
	release string
	digest  [sha256.Size]byte
	// rollback is the Rollback of a patch of the controller. isPatch is false for other writes.
	rollback string
	isPatch  bool
}

// history is the writes of one Deployment, which has one UID.
type history struct {
	namespace, name string
	writes          []templateWrite
	// ended is when the Deployment was deleted, or zero.
	ended time.Time
}

// oracle collects the writes.
type oracle struct {
	controller string
	byUID      map[string]*history
	// requested are the Rollbacks by namespace and name, with the user who created them and the
	// time.
	requested map[string]audit.Write
	// writes is the number of accepted writes of the controller except for renewals of the Lease.
	writes int
	broken []string
}

func newOracle(controller string) *oracle {
	return &oracle{controller: controller, byUID: map[string]*history{},
		requested: map[string]audit.Write{}}
}

func (o *oracle) add(writes []audit.Write) {
	for _, write := range writes {
		if write.User == o.controller && write.Succeeded() && write.Resource != "leases" {
			o.writes++
		}
		if write.Resource == "rollbacks" && write.Verb == "create" && write.Succeeded() {
			o.requested[write.Namespace+"/"+nameOf(write)] = write
		}
		if write.Resource == "deployments" && write.Verb == "delete" && write.Succeeded() {
			o.end(write)
		}
		parsed, isTemplate, err := write.AsTemplateWrite()
		if err != nil {
			o.broken = append(o.broken, err.Error())
		}
		if isTemplate {
			o.record(parsed)
		}
	}
}

// nameOf returns the name of an object that was created.
func nameOf(write audit.Write) string {
	var object struct{ Metadata struct{ Name string } }
	if write.Object == "" && json.Unmarshal(write.RequestBody, &object) == nil {
		return object.Metadata.Name
	}
	return write.Object
}

func (o *oracle) end(deletion audit.Write) {
	for _, found := range o.byUID {
		isSame := found.namespace == deletion.Namespace && found.name == deletion.Object
		if isSame && found.ended.IsZero() && !found.writes[0].time.After(deletion.Time) {
			found.ended = deletion.Time
		}
	}
}

func (o *oracle) record(write audit.TemplateWrite) {
	found := o.byUID[write.UID]
	if found == nil {
		found = &history{namespace: write.Namespace, name: write.Object}
		o.byUID[write.UID] = found
	}
	rollback, isPatch := write.PatchForRollback()
	found.writes = append(found.writes, templateWrite{
		time: write.Time, version: write.ResourceVersion, user: write.User, created: write.Created,
		release: versionOf(write.Template), digest: digestOf(write.Template),
		rollback: rollback, isPatch: isPatch && write.User == o.controller,
	})
	// Concurrent requests may be logged in any order.
	slices.SortStableFunc(found.writes, func(a, b templateWrite) int {
		return cmp.Compare(a.version, b.version)
	})
}

// digestOf does not depend on the order of the fields.
func digestOf(template json.RawMessage) [sha256.Size]byte {
	var parsed any
	_ = json.Unmarshal(template, &parsed)
	sorted, _ := json.Marshal(parsed)
	return sha256.Sum256(sorted)
}

// verdict is the result for the writes until a time.
type verdict struct {
	Good       int `json:"goodReleases"`
	Bad        int `json:"badReleases"`
	RolledBack int `json:"rolledBack"`
	Superseded int `json:"superseded"`
	Manual     int `json:"manualRollbacks"`
	// broken are the invariants that do not hold, as sentences.
	broken []string
	// running are the Deployments whose bad release still runs, and since when.
	running map[string]time.Time
}

// verdict follows all writes. now is the time until which the log was read.
func (o *oracle) verdict(now time.Time) verdict {
	v := verdict{broken: slices.Clone(o.broken), running: map[string]time.Time{}}
	patches := map[string]int{}
	for _, uid := range sortedKeys(o.byUID) {
		o.followOne(&v, o.byUID[uid], patches, now)
	}
	for _, name := range sortedKeys(patches) {
		if count := patches[name]; count > 1 {
			v.broken = append(v.broken, fmt.Sprintf("Rollback %s changed a template %d times", name,
				count))
		}
	}
	return v
}

func sortedKeys[V any](from map[string]V) []string {
	keys := make([]string, 0, len(from))
	for key := range from {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// followOne follows the template of one Deployment.
func (o *oracle) followOne(v *verdict, h *history, patches map[string]int, now time.Time) {
	before := h.writes[0]
	since := before.time // when the present release was applied
	if !before.created {
		v.broken = append(v.broken, fmt.Sprintf("the log begins after the creation of %s/%s",
			h.namespace, h.name))
	}
	v.count(before.release)
	for _, write := range h.writes[1:] {
		changed := write.digest != before.digest
		if write.isPatch {
			o.checkPatch(v, h, before, write, since, patches)
		} else if changed && write.user == o.controller {
			v.reject(h, write, "the controller changed the template without a Rollback")
		} else if changed {
			v.supersede(h, before, since, write.time)
			v.count(write.release)
		}
		if changed {
			since = write.time
		}
		before = write
	}
	if !h.ended.IsZero() {
		v.supersede(h, before, since, h.ended)
	} else if isBad(before.release) {
		v.running[h.namespace+"/"+h.name] = since
		v.checkPatience(h, before.release, since, now)
	}
}

func (v *verdict) count(release string) {
	switch {
	case isGood(release):
		v.Good++
	case isBad(release):
		v.Bad++
	}
}

// supersede is called when a user replaces or deletes the release.
func (v *verdict) supersede(h *history, before templateWrite, since, at time.Time) {
	if isBad(before.release) {
		v.Superseded++
		v.checkPatience(h, before.release, since, at)
	}
}

func (v *verdict) checkPatience(h *history, release string, since, until time.Time) {
	if until.Sub(since) > patience {
		v.broken = append(v.broken, fmt.Sprintf("%s/%s: the release %s of %s ran for longer than %s "+
			"and was not rolled back", h.namespace, h.name, release, since.Format(time.TimeOnly),
			patience))
	}
}

func (v *verdict) reject(h *history, write templateWrite, what string) {
	v.broken = append(v.broken, fmt.Sprintf("%s/%s at %s: %s", h.namespace, h.name,
		write.time.Format("15:04:05.000"), what))
}

// checkPatch checks a patch of the controller that restores a template. since is when the present
// release was applied.
func (o *oracle) checkPatch(v *verdict, h *history, before, write templateWrite,
	since time.Time, patches map[string]int,
) {
	name := h.namespace + "/" + write.rollback
	patches[name]++
	request, exists := o.requested[name]
	isManual := exists && request.User != o.controller
	switch {
	case !exists:
		v.reject(h, write, fmt.Sprintf("the Rollback %q of the patch was not created", write.rollback))
	case request.Time.After(write.time):
		v.reject(h, write, "the Rollback was created after the patch")
	case since.After(request.Time):
		v.reject(h, write, "the Rollback is older than the release "+before.release+
			", which it replaced")
	}
	if isManual {
		v.Manual++
	} else if isGood(before.release) {
		v.reject(h, write, "the good release "+before.release+" was rolled back")
	}
	if isBad(before.release) {
		v.RolledBack++
	}
	if !isGood(write.release) {
		v.reject(h, write, "the release "+write.release+" was restored, which is not good")
	}
}
