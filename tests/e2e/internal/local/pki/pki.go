// Package pki creates the certificates, keys and kubeconfigs of a cluster. This package must not
// name a component of Kubernetes, such as kube-apiserver.
package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"time"
)

// lifetime of all certificates. No local cluster runs so long.
const lifetime = 365 * 24 * time.Hour

// Authority signs the certificates of one cluster.
type Authority struct {
	certificate    *x509.Certificate
	key            *ecdsa.PrivateKey
	CertificatePEM []byte
}

// Identity is a certificate and its key, PEM encoded.
type Identity struct{ Certificate, Key []byte }

// NewAuthority creates an authority with a new key.
func NewAuthority(name string) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template, err := newTemplate(pkix.Name{CommonName: name})
	if err != nil {
		return nil, err
	}
	template.IsCA = true
	template.BasicConstraintsValid = true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature |
		x509.KeyUsageKeyEncipherment
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	certificatePEM := encode("CERTIFICATE", der)
	return &Authority{certificate: certificate, key: key, CertificatePEM: certificatePEM}, nil
}

// LoadAuthority returns the authority with this certificate and key, both PEM encoded.
func LoadAuthority(identity Identity) (*Authority, error) {
	certificateBlock, _ := pem.Decode(identity.Certificate)
	keyBlock, _ := pem.Decode(identity.Key)
	if certificateBlock == nil || keyBlock == nil {
		return nil, errors.New("the certificate or the key of the authority is not PEM encoded")
	}
	certificate, err := x509.ParseCertificate(certificateBlock.Bytes)
	if err != nil {
		return nil, err
	}
	key, err := x509.ParseECPrivateKey(keyBlock.Bytes)
	if err != nil {
		return nil, err
	}
	return &Authority{certificate, key, identity.Certificate}, nil
}

// ReadIdentity reads the files that Identity.Write has written.
func ReadIdentity(certificate, key string) (Identity, error) {
	certificatePEM, err := os.ReadFile(certificate)
	if err != nil {
		return Identity{}, err
	}
	keyPEM, err := os.ReadFile(key)
	return Identity{Certificate: certificatePEM, Key: keyPEM}, err
}

// KeyPEM returns the private key of the authority, for the component that signs with it.
func (a *Authority) KeyPEM() ([]byte, error) { return encodeKey(a.key) }

// Issue creates a client certificate for a user with groups. With servers (host names or IP
// addresses), the certificate is also a server certificate.
func (a *Authority) Issue(user string, groups []string, servers ...string) (Identity, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Identity{}, err
	}
	template, err := newTemplate(pkix.Name{CommonName: user, Organization: groups})
	if err != nil {
		return Identity{}, err
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	if len(servers) > 0 {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	for _, server := range servers {
		if address := net.ParseIP(server); address != nil {
			template.IPAddresses = append(template.IPAddresses, address)
		} else {
			template.DNSNames = append(template.DNSNames, server)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, &key.PublicKey, a.key)
	if err != nil {
		return Identity{}, err
	}
	keyPEM, err := encodeKey(key)
	return Identity{Certificate: encode("CERTIFICATE", der), Key: keyPEM}, err
}

// NewKeyPair creates a key pair without a certificate, PEM encoded.
func NewKeyPair() (private, public []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	if private, err = encodeKey(key); err != nil {
		return nil, nil, err
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	return private, encode("PUBLIC KEY", der), err
}

// Kubeconfig returns a kubeconfig that refers to no other file, so that it can be copied.
func Kubeconfig(server string, authorityPEM []byte, user string, identity Identity) []byte {
	inBase64 := base64.StdEncoding.EncodeToString
	return fmt.Appendf(nil, `apiVersion: v1
kind: Config
clusters:
- name: lastgood-local
  cluster:
    server: %s
    certificate-authority-data: %s
users:
- name: %s
  user:
    client-certificate-data: %s
    client-key-data: %s
contexts:
- name: lastgood-local
  context: {cluster: lastgood-local, user: %q}
current-context: lastgood-local
`, server, inBase64(authorityPEM), user, inBase64(identity.Certificate), inBase64(identity.Key), user)
}

// Write writes the certificate and the key to files.
func (i Identity) Write(certificate, key string) error {
	if err := os.WriteFile(certificate, i.Certificate, 0o644); err != nil {
		return err
	}
	return os.WriteFile(key, i.Key, 0o600)
}

func newTemplate(subject pkix.Name) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	// The certificates are still valid if the clock is set back by less than an hour.
	start := time.Now().Add(-time.Hour)
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      subject,
		NotBefore:    start,
		NotAfter:     start.Add(lifetime),
	}, nil
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func encodeKey(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalECPrivateKey(key)
	return encode("EC PRIVATE KEY", der), err
}
