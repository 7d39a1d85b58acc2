// Who may approve of a rollback: by the chart's roles, by the role that the documentation shows, and who may patch Deployments.
package scenarios

import (
	"path/filepath"
	"strings"
	"testing"

	"lastgood.dev/tests/e2e/scenarios/internal/story"
)

const shippers = `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: shipper}
rules: [{apiGroups: [apps], resources: [deployments], verbs: [patch]}]
`

// Four Deployments wait for approval. The viewer says yes to all of them, which is heard of none.
func TestOnlyWhoHasTheRightMayApprove(t *testing.T) {
	s := story.New(t)
	approved := map[string]func(rollback string) error{
		"approver": func(rollback string) error { return s.When().ApprovesAs("approver", rollback) },
		"editor":   func(rollback string) error { return s.When().ApprovesAs("editor", rollback) },
		"shipper":  func(rollback string) error { return s.When().ApprovesByAnnotationAs("shipper", "shipper", rollback) },
	}
	v1 := story.NewApp("viewer", "v1")
	apps := []story.App{v1}
	for user := range approved {
		apps = append(apps, v1.Named(user))
	}
	s.Given().Role(approversInTheDocumentation(s)).Role(shippers).
		Has("approver", "Role", "rollback-approver", "patch rollbacks.lastgood.dev").Has("editor", "ClusterRole", "edit", "patch rollbacks.lastgood.dev").
		Has("shipper", "Role", "shipper", "patch deployments.apps").Has("viewer", "ClusterRole", "view", "list rollbacks.lastgood.dev").
		Policy("careful", "mode: Approve"+long).RanBefore("careful", apps...)
	for _, app := range apps {
		s.When().Shipped(app.As("v2").Env("HEALTH", "fail"))
	}
	waiting := map[string]string{}
	for _, app := range apps {
		rollback := s.Then().Waiting(app.Name)
		waiting[app.Name] = rollback
		isForbidden(t, "viewer", s.When().ApprovesAs("viewer", rollback), `cannot patch resource "rollbacks" in API group "lastgood.dev"`)
		isForbidden(t, "viewer", s.When().ApprovesByAnnotationAs("viewer", app.Name, rollback), `cannot patch resource "deployments"`)
		isForbidden(t, "shipper", s.When().ApprovesAs("shipper", rollback), `cannot patch resource "rollbacks"`)
		isForbidden(t, "approver", s.When().ApprovesByAnnotationAs("approver", app.Name, rollback), `cannot patch resource "deployments"`)
	}
	for user, approve := range approved {
		s.Then().StateIs(user, "Held", "AwaitingApproval").NothingWasDoneTo(user).TemplateChangedBy(user, "person")
		if err := approve(waiting[user]); err != nil {
			t.Errorf("%s may not approve: %v", user, err)
		}
	}
	for user := range approved {
		s.Then().IsPutBackAndVerified(v1.Named(user)).RecordIs(waiting[user], "Succeeded").TemplateChangedBy(user, "person", "lastgood")
	}
	s.Then().StateIs("viewer", "Held", "AwaitingApproval").NothingWasDoneTo("viewer").TemplateChangedBy("viewer", "person")
}

func isForbidden(t *testing.T, user string, err error, words string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), `User "`+user+`" `+words) {
		t.Errorf("%s is answered by %v; want that the user %s", user, err, words)
	}
}

// As it stands there, but in the namespace of the story.
func approversInTheDocumentation(s *story.Story) string {
	s.T.Helper()
	for _, block := range manifests(read(s.T, filepath.Join(s.Cluster.Project, "docs", "admin.md"))) {
		if strings.Contains(block, "name: rollback-approver") {
			return strings.Replace(block, "namespace: shop", "namespace: "+s.Namespace, 1)
		}
	}
	s.T.Fatal("docs/admin.md shows no role called rollback-approver")
	return ""
}
