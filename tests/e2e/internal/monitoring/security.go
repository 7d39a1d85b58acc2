// Basic authentication and TLS of a Prometheus:
// https://prometheus.io/docs/prometheus/latest/configuration/https/
package monitoring

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"lastgood.dev/tests/e2e/internal/daemon"
	"lastgood.dev/tests/e2e/internal/local/pki"
)

// The user and the password that a server with Security.Password accepts.
const (
	User     = "lastgood"
	Password = "open sesame"

	// passwordHash is the bcrypt hash of Password, with the lowest cost.
	passwordHash = "$2b$04$EObo8K9FkfTB5nYvUbUzCOKEC4.xZUhBY5b1dUgU0Ye.tatyWI36i"
)

// Security says who may use the HTTP API of a server. The zero value allows everybody.
type Security struct {
	// Password requires User and Password.
	Password bool
	// Server is the certificate of the server, which then uses TLS.
	Server pki.Identity
	// Client is a certificate for the requests of the test, if ClientAuthority is set.
	Client pki.Identity
	// ClientAuthority must have signed the certificate of a client. PEM; empty: no certificate is
	// required.
	ClientAuthority []byte
}

// apply writes the files for the server, and makes the requests of the test acceptable for it.
func (s Security) apply(d *daemon.Daemon) error {
	var config strings.Builder
	if s.Password {
		fmt.Fprintf(&config, "basic_auth_users: {%s: %q}\n", User, passwordHash)
	}
	if err := s.applyTLS(d, &config); err != nil {
		return err
	}
	if s.Password {
		d.Transport = withPassword{d.Transport}
	}
	return os.WriteFile(filepath.Join(d.Folder, "web.yml"), []byte(config.String()), 0o600)
}

func (s Security) applyTLS(d *daemon.Daemon, config *strings.Builder) error {
	d.Transport = http.DefaultTransport
	if len(s.Server.Certificate) == 0 {
		return nil
	}
	certificate, key := filepath.Join(d.Folder, "tls.crt"), filepath.Join(d.Folder, "tls.key")
	if err := s.Server.Write(certificate, key); err != nil {
		return err
	}
	fmt.Fprintf(config, "tls_server_config:\n  cert_file: %q\n  key_file: %q\n", certificate, key)
	// The test does not verify its own server.
	settings := &tls.Config{InsecureSkipVerify: true}
	if len(s.ClientAuthority) > 0 {
		authority := filepath.Join(d.Folder, "clients.crt")
		if err := os.WriteFile(authority, s.ClientAuthority, 0o600); err != nil {
			return err
		}
		fmt.Fprintf(config, "  client_auth_type: RequireAndVerifyClientCert\n"+
			"  client_ca_file: %q\n", authority)
		own, err := tls.X509KeyPair(s.Client.Certificate, s.Client.Key)
		if err != nil {
			return err
		}
		settings.Certificates = []tls.Certificate{own}
	}
	d.Scheme = "https"
	d.Transport = &http.Transport{TLSClientConfig: settings}
	return nil
}

// withPassword adds the user and the password to each request.
type withPassword struct{ next http.RoundTripper }

func (w withPassword) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.SetBasicAuth(User, Password)
	return w.next.RoundTrip(request)
}
