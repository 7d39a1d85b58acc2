// Metrics servers that need credentials. The Prometheus of each scenario is a real one.
package scenarios

import (
	"fmt"
	"testing"

	"lastgood.dev/tests/e2e/internal/local/layout"
	"lastgood.dev/tests/e2e/internal/local/pki"
	"lastgood.dev/tests/e2e/internal/monitoring"
	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

func policyWithCredentials(server *scenario.Prometheus, query, bakeTime string) string {
	return fmt.Sprintf(`
bakeTime: %s
checks:
- name: errors
  interval: 1s
  failureThreshold: 2
  prometheus:
    address: %s
    credentialsSecret: metrics
    query: %q
    failIf: "> 0.05"
rollback: {verifyFor: 2s, cooldown: 0s}
`, bakeTime, server.URL(), query)
}

func authority(t *testing.T, name string) *pki.Authority {
	t.Helper()
	made, err := pki.NewAuthority(name)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func issue(t *testing.T, by *pki.Authority, name string, servers ...string) pki.Identity {
	t.Helper()
	identity, err := by.Issue(name, nil, servers...)
	if err != nil {
		t.Fatal(err)
	}
	return identity
}

func TestRollsBackByTheMetricsOfAServerThatNeedsAPassword(t *testing.T) {
	s := scenario.New(t)
	s.ControllerMay("", "secrets", "get")
	v1 := scenario.NewApp("web", "v1").Guarded("web").Edit(scenario.Replicas(2))
	server := s.Given().PrometheusWith(monitoring.Options{
		Security: monitoring.Security{Password: true}})
	s.Given().Credentials("metrics", map[string]string{
		"username": monitoring.User, "password": monitoring.Password + "\n"}).
		Policy("web", policyWithCredentials(server, errorsOfRevision, "20s")).Running(v1)
	s.When().LoadStarted("web", 50)
	s.Then().IsGood(v1).HasCondition("web", "ChecksEstablished", "True", "Passed")
	s.When().Applied(v1.As("v2").Env("ERROR_RATIO", "0.2"))
	s.Then().IsRestoredAndVerified(v1).CausedByCheck("web", "errors", "LimitExceeded").
		TemplateChangedBy("web", "user", "lastgood")
}

func TestSaysWhyTheCredentialsOfACheckCannotBeUsed(t *testing.T) {
	s := scenario.New(t)
	known := authority(t, "metrics")
	server := s.Given().PrometheusWith(monitoring.Options{Security: monitoring.Security{
		Password: true, Server: issue(t, known, "prometheus", layout.NodeAddress)}})
	v1 := scenario.NewApp("web", "v1").Guarded("web")
	s.Given().Policy("web", policyWithCredentials(server, "vector(0)", "1h")).Running(v1)
	s.When().Applied(v1.As("v2")).Available("web")
	valid := map[string]string{"username": monitoring.User, "password": monitoring.Password,
		"ca.crt": string(known.CertificatePEM)}
	validExcept := func(key, value string) map[string]string {
		data := map[string]string{key: value}
		for other, value := range valid {
			if other != key {
				data[other] = value
			}
		}
		return data
	}

	s.Then().CheckIs("web", "errors", "Unknown", "CredentialsUnreadable").
		CheckMentions("web", "errors", "metrics", "rbac.readSecrets")
	s.ControllerMay("", "secrets", "get")
	s.Then().CheckIs("web", "errors", "Unknown", "CredentialsNotFound").
		CheckMentions("web", "errors", "metrics", "lastgood.dev/metrics-credentials")
	s.Given().SecretWithoutLabel("metrics", valid)
	s.Then().CheckIs("web", "errors", "Unknown", "CredentialsNotAllowed").
		CheckMentions("web", "errors", "lastgood.dev/metrics-credentials")
	s.Given().Credentials("metrics", map[string]string{"username": monitoring.User})
	s.Then().CheckIs("web", "errors", "Unknown", "CredentialsInvalid").
		CheckMentions("web", "errors", "password")
	s.Given().Credentials("metrics", validExcept("password", "wrong"))
	s.Then().CheckIs("web", "errors", "Unknown", "AccessDenied").
		CheckMentions("web", "errors", "401")
	s.Given().Credentials("metrics",
		validExcept("ca.crt", string(authority(t, "another").CertificatePEM)))
	s.Then().CheckIs("web", "errors", "Unknown", "TLSFailed").
		CheckMentions("web", "errors", "certificate", "ca.crt")
	s.Then().StateIs("web", "Evaluating", "").HasNoControllerWrites("web").
		HasRollbackObjects("web", 0)
	s.Given().Credentials("metrics", valid)
	s.Then().CheckIs("web", "errors", "Pass", "Passed")
}

func TestIdentifiesItselfByAClientCertificate(t *testing.T) {
	s := scenario.New(t)
	s.ControllerMay("", "secrets", "get")
	known := authority(t, "metrics")
	own := issue(t, known, "lastgood")
	server := s.Given().PrometheusWith(monitoring.Options{Security: monitoring.Security{
		Server: issue(t, known, "prometheus", "prometheus.monitoring"),
		Client: own, ClientAuthority: known.CertificatePEM}})
	s.Given().Credentials("metrics", map[string]string{
		"ca.crt": string(known.CertificatePEM), "serverName": "prometheus.monitoring",
		"tls.crt": string(own.Certificate), "tls.key": string(own.Key)})
	v1 := scenario.NewApp("web", "v1").Guarded("web")
	s.Given().Policy("web", policyWithCredentials(server, "vector(0)", "10s")).Running(v1)
	s.When().Applied(v1.As("v2"))
	s.Then().IsGood(v1.As("v2")).CheckIs("web", "errors", "Pass", "Passed")
}
