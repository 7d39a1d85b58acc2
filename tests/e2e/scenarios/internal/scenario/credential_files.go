// The files with which a controller authenticates itself and the API server, and their rotation.
package scenario

import (
	"context"
	"crypto/tls"
	"os"
	"path/filepath"

	authentication "k8s.io/api/authentication/v1"
	core "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"lastgood.dev/tests/e2e/internal/local/pki"
)

// CredentialFiles are the files that the kubeconfig of the scenario's controller names.
type CredentialFiles struct {
	scenario         *Scenario
	proxy            *Proxy
	token, authority string
	// secret is the name of the Secret to which the token is bound.
	secret string
}

// CredentialFiles makes the kubeconfig of the scenario's controller name a file with the token and
// a file with the authority of the proxy. The controller must not run yet.
func (s *Scenario) CredentialFiles(proxy *Proxy) *CredentialFiles {
	s.T.Helper()
	folder := filepath.Dir(s.Process.config)
	f := &CredentialFiles{scenario: s, proxy: proxy, token: filepath.Join(folder, "token"),
		authority: filepath.Join(folder, "ca.crt")}
	server, authority := proxy.address()
	s.must(os.WriteFile(f.authority, authority, 0o600))
	f.NewToken()
	config := clientcmdapi.NewConfig()
	config.Clusters["cluster"] = &clientcmdapi.Cluster{
		Server: server, CertificateAuthority: f.authority,
	}
	config.AuthInfos["lastgood"] = &clientcmdapi.AuthInfo{TokenFile: f.token}
	config.Contexts["lastgood"] = &clientcmdapi.Context{Cluster: "cluster", AuthInfo: "lastgood"}
	config.CurrentContext = "lastgood"
	s.must(clientcmd.WriteToFile(*config, s.Process.config))
	return f
}

// NewToken writes a new token into its file. The token is valid as long as its Secret exists.
func (f *CredentialFiles) NewToken() {
	s := f.scenario
	s.T.Helper()
	ctx := context.Background()
	secret, err := s.Cluster.Typed.CoreV1().Secrets(systemNamespace).Create(ctx,
		&core.Secret{ObjectMeta: metav1.ObjectMeta{GenerateName: s.Namespace + "-"}},
		metav1.CreateOptions{})
	s.must(err)
	f.secret = secret.Name
	seconds := int64(tokenSeconds)
	request := &authentication.TokenRequest{Spec: authentication.TokenRequestSpec{
		ExpirationSeconds: &seconds,
		BoundObjectRef: &authentication.BoundObjectReference{
			Kind: "Secret", APIVersion: "v1", Name: secret.Name, UID: secret.UID,
		},
	}}
	response, err := s.Cluster.Typed.CoreV1().ServiceAccounts(systemNamespace).
		CreateToken(ctx, helmRelease, request, metav1.CreateOptions{})
	s.must(err)
	s.must(os.WriteFile(f.token, []byte(response.Status.Token), 0o600))
}

// TokenLost empties the file of the token and makes the token invalid. The API server still accepts
// it for ten seconds.
func (f *CredentialFiles) TokenLost() {
	s := f.scenario
	s.T.Helper()
	s.must(os.Truncate(f.token, 0))
	s.must(s.Cluster.Typed.CoreV1().Secrets(systemNamespace).
		Delete(context.Background(), f.secret, metav1.DeleteOptions{}))
}

// AuthorityLost empties the file of the authority, and gives the proxy a certificate of another
// authority. All connections end. The returned function writes the new authority into its file.
func (f *CredentialFiles) AuthorityLost() (found func()) {
	s := f.scenario
	s.T.Helper()
	issuer, err := pki.NewAuthority("rotated")
	s.must(err)
	identity, err := issuer.Issue("api-server", nil, "127.0.0.1")
	s.must(err)
	pair, err := tls.X509KeyPair(identity.Certificate, identity.Key)
	s.must(err)
	s.must(os.Truncate(f.authority, 0))
	f.proxy.identity.Store(&tls.Config{
		Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12,
	})
	f.proxy.server.CloseClientConnections()
	return func() { s.must(os.WriteFile(f.authority, issuer.CertificatePEM, 0o600)) }
}
