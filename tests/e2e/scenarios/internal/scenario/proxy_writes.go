// The names that the proxy gives to writes.
package scenario

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

// nameOfWrite returns a name such as "patch deployments /spec/template". It returns "" for reads,
// for dry runs, and for the periodic writes to the Lease and to the status of policies.
func nameOfWrite(r *http.Request) string {
	if r.Method == http.MethodGet || r.URL.Query().Has("dryRun") {
		return ""
	}
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	resource := parts[len(parts)-1]
	if r.Method != http.MethodPost {
		resource = parts[len(parts)-2]
	}
	if last := parts[len(parts)-1]; last == "status" {
		resource = parts[len(parts)-3] + "/status"
	}
	if resource == "leases" || resource == "rollbackpolicies/status" {
		return ""
	}
	return strings.ToLower(r.Method) + " " + resource + changedPaths(r, resource)
}

// changedPaths returns the paths that a JSON patch of a Deployment changes, each after a blank. It
// returns "" for writes of other resources.
func changedPaths(r *http.Request, resource string) string {
	if resource != "deployments" {
		return ""
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return " unreadable"
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	var operations []struct{ Op, Path string }
	if json.Unmarshal(body, &operations) != nil {
		return ""
	}
	var changed []string
	for _, operation := range operations {
		if operation.Op != "test" {
			changed = append(changed, operation.Path)
		}
	}
	return " " + strings.Join(changed, " ")
}
