// RBAC: which users may approve a rollback, by the roles of the chart and of the documentation, and
// by the permission to patch Deployments.
package scenarios

import (
	"path/filepath"
	"strings"
	"testing"

	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

const shipperRole = `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: shipper}
rules: [{apiGroups: [apps], resources: [deployments], verbs: [patch]}]
`

const (
	patchRollbacks   = `cannot patch resource "rollbacks" in API group "lastgood.dev"`
	patchDeployments = `cannot patch resource "deployments"`
)

// Four Deployments with the names of four users wait for approval. Three users each approve the
// Deployment of their name. The viewer has no permission to approve.
func TestAcceptsApprovalOnlyFromUsersWithThePermission(t *testing.T) {
	s := scenario.New(t)
	approveAs := map[string]func(rollback string) error{
		"approver": func(rollback string) error { return s.When().ApproveAs("approver", rollback) },
		"editor":   func(rollback string) error { return s.When().ApproveAs("editor", rollback) },
		"shipper": func(rollback string) error {
			return s.When().ApproveByAnnotationAs("shipper", "shipper", rollback)
		},
	}
	viewer := scenario.NewApp("viewer", "v1")
	apps := []scenario.App{viewer}
	for user := range approveAs {
		apps = append(apps, viewer.Named(user))
	}
	s.Given().Role(documentedApproverRole(s)).Role(shipperRole).
		UserWithRole("approver", "Role", "rollback-approver", "patch rollbacks.lastgood.dev").
		UserWithRole("editor", "ClusterRole", "edit", "patch rollbacks.lastgood.dev").
		UserWithRole("shipper", "Role", "shipper", "patch deployments.apps").
		UserWithRole("viewer", "ClusterRole", "view", "list rollbacks.lastgood.dev").
		Policy("careful", "mode: Approve"+longBakePolicy).PresumedGoodUnder("careful", apps...)
	for _, app := range apps {
		s.When().Applied(app.As("v2").Env("HEALTH", "fail"))
	}
	pending := map[string]string{}
	for _, app := range apps {
		rollback := s.Then().PendingApproval(app.Name)
		pending[app.Name] = rollback
		expectForbidden(t, "viewer", s.When().ApproveAs("viewer", rollback), patchRollbacks)
		expectForbidden(t, "viewer",
			s.When().ApproveByAnnotationAs("viewer", app.Name, rollback), patchDeployments)
		expectForbidden(t, "shipper", s.When().ApproveAs("shipper", rollback), patchRollbacks)
		expectForbidden(t, "approver",
			s.When().ApproveByAnnotationAs("approver", app.Name, rollback), patchDeployments)
	}
	for user, approve := range approveAs {
		s.Then().StateIs(user, "Held", "AwaitingApproval").
			HasNoControllerWrites(user).TemplateChangedBy(user, "user")
		if err := approve(pending[user]); err != nil {
			t.Errorf("user %s must be allowed to approve: %v", user, err)
		}
	}
	for user := range approveAs {
		s.Then().IsRestoredAndVerified(viewer.Named(user)).
			RollbackIs(pending[user], "Succeeded").
			TemplateChangedBy(user, "user", "lastgood")
	}
	s.Then().StateIs("viewer", "Held", "AwaitingApproval").
		HasNoControllerWrites("viewer").TemplateChangedBy("viewer", "user")
}

// expectForbidden expects the error by which the API server denies a request of this user.
func expectForbidden(t *testing.T, user string, err error, text string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), `User "`+user+`" `+text) {
		t.Errorf("user %s: got error %v; want %s", user, err, text)
	}
}

// documentedApproverRole returns the role of docs/admin.md for the scenario's namespace.
func documentedApproverRole(s *scenario.Scenario) string {
	s.T.Helper()
	page := read(s.T, filepath.Join(s.Cluster.Project, "docs", "admin.md"))
	for _, block := range manifestsIn(page) {
		if strings.Contains(block, "name: rollback-approver") {
			return strings.Replace(block, "namespace: shop", "namespace: "+s.Namespace, 1)
		}
	}
	s.T.Fatal("docs/admin.md has no role rollback-approver")
	return ""
}
