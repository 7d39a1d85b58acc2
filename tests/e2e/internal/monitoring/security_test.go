package monitoring

import (
	"crypto/tls"
	"net/http"
	"testing"

	"lastgood.dev/tests/e2e/internal/local/pki"
)

func statusOf(t *testing.T, client http.Client, url string) int {
	t.Helper()
	response, err := client.Get(url)
	if err != nil {
		return 0
	}
	response.Body.Close()
	return response.StatusCode
}

func TestPrometheusRequiresThePassword(t *testing.T) {
	needServers(t)
	p := startPrometheus(t, Options{Security: Security{Password: true}})
	await(t, p, "vector(1)", 1)
	if status := statusOf(t, http.Client{}, p.URL()+"/api/v1/status/buildinfo"); status != 401 {
		t.Errorf("without a password: status %d", status)
	}
}

func TestPrometheusRequiresTheCertificateOfAClient(t *testing.T) {
	needServers(t)
	authority, err := pki.NewAuthority("test")
	must(t, err)
	server, err := authority.Issue("prometheus", nil, "127.0.0.1")
	must(t, err)
	client, err := authority.Issue("lastgood", nil)
	must(t, err)
	p := startPrometheus(t, Options{Security: Security{Server: server, Client: client,
		ClientAuthority: authority.CertificatePEM}})
	await(t, p, "vector(1)", 1)
	without := http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	if status := statusOf(t, without, p.URL()+"/-/ready"); status != 0 {
		t.Errorf("without a certificate: status %d", status)
	}
}
