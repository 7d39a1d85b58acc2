// The credentials of the controller are rotated while it runs, and are unusable for a time.
package scenarios

import (
	"testing"
	"time"

	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

// A bad release ships while the file is empty. The controller, which is never restarted, can write
// nothing until the file has the new credentials.
func TestGoesOnWhenItsCredentialsWereRotated(t *testing.T) {
	const (
		emptyFor = 20 * time.Second
		// cachedFor is how long the API server may accept a token whose Secret was deleted.
		cachedFor = 11 * time.Second
	)
	t.Run("the token", func(t *testing.T) {
		t.Parallel()
		s, bad, files := withCredentialFiles(t)
		files.TokenLost()
		s.When().TimePassed(cachedFor).Applied(bad).TimePassed(emptyFor)
		expectOneRollbackSoonAfter(s, files.NewToken)
	})
	t.Run("the authority of the API server", func(t *testing.T) {
		t.Parallel()
		s, bad, files := withCredentialFiles(t)
		found := files.AuthorityLost()
		s.When().Applied(bad).TimePassed(emptyFor)
		expectOneRollbackSoonAfter(s, found)
	})
}

func withCredentialFiles(t *testing.T) (*scenario.Scenario, scenario.App,
	*scenario.CredentialFiles) {
	t.Helper()
	s, proxy := scenario.NewBehindProxy(t)
	files := s.CredentialFiles(proxy)
	app := scenario.NewApp("web", "v1")
	s.Given().Policy("web", firstFailureLongBake).ControllerStarted().
		PresumedGoodUnder("web", app)
	return s, app.As("v2").Env("HEALTH", "fail"), files
}
