// Counts how often a hold lost the confirmation of its breach, by the audit log.
package scenario

import "encoding/json"

// unconfirmedHolds returns how often the guard of a Deployment became Held with reason Unconfirmed.
// A late probe is enough for that. The next failure confirms the breach, and the hold is reported
// again with its own reason.
func (s *Scenario) unconfirmedHolds(name string) int {
	s.T.Helper()
	var patches []json.RawMessage
	for _, write := range s.completeAuditLog().WritesBy(ControllerUser) {
		isOfGuard := write.Namespace == s.Namespace && write.Object == name &&
			write.Resource == "deploymentguards" && write.Subresource == "status"
		if isOfGuard && write.Succeeded() {
			patches = append(patches, write.RequestBody)
		}
	}
	return countUnconfirmed(patches)
}

// countUnconfirmed returns how often these JSON patches of a guard's status, oldest first, changed
// the status to Held with reason Unconfirmed.
func countUnconfirmed(patches []json.RawMessage) int {
	count, wasUnconfirmed := 0, false
	for _, patch := range patches {
		var operations []struct {
			Path  string
			Value json.RawMessage
		}
		if json.Unmarshal(patch, &operations) != nil {
			continue
		}
		for _, operation := range operations {
			var status struct{ State, Reason string }
			if operation.Path != "/status" || json.Unmarshal(operation.Value, &status) != nil {
				continue
			}
			isUnconfirmed := status.State == "Held" && status.Reason == "Unconfirmed"
			if isUnconfirmed && !wasUnconfirmed {
				count++
			}
			wasUnconfirmed = isUnconfirmed
		}
	}
	return count
}
