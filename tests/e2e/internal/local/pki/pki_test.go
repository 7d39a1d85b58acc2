package pki

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"path/filepath"
	"strings"
	"testing"
)

func parseCertificate(t *testing.T, identity Identity) *x509.Certificate {
	t.Helper()
	pair, err := tls.X509KeyPair(identity.Certificate, identity.Key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

func TestServerCertificateIsValidOnlyForItsNamesAndAddresses(t *testing.T) {
	authority, err := NewAuthority("test")
	if err != nil {
		t.Fatal(err)
	}
	identity, err := authority.Issue("kube-apiserver", nil, "kubernetes.default.svc", "10.96.0.1")
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority.CertificatePEM)
	certificate := parseCertificate(t, identity)
	for name, trusted := range map[string]bool{
		"kubernetes.default.svc": true, "10.96.0.1": true, "elsewhere": false, "10.96.0.2": false,
	} {
		_, err := certificate.Verify(x509.VerifyOptions{Roots: roots, DNSName: name})
		if (err == nil) != trusted {
			t.Errorf("%s: want trusted %v, got error %v", name, trusted, err)
		}
	}
}

func TestClientCertificateHasUserAndGroupsAndOnlyClientUsage(t *testing.T) {
	authority, err := NewAuthority("test")
	if err != nil {
		t.Fatal(err)
	}
	identity, err := authority.Issue("system:node:a", []string{"system:nodes"})
	if err != nil {
		t.Fatal(err)
	}
	certificate := parseCertificate(t, identity)
	if certificate.Subject.CommonName != "system:node:a" ||
		strings.Join(certificate.Subject.Organization, ",") != "system:nodes" {
		t.Errorf("subject is %v", certificate.Subject)
	}
	if len(certificate.ExtKeyUsage) != 1 ||
		certificate.ExtKeyUsage[0] != x509.ExtKeyUsageClientAuth {
		t.Errorf("usages are %v", certificate.ExtKeyUsage)
	}
}

func TestALoadedAuthoritySignsLikeTheOriginal(t *testing.T) {
	original, err := NewAuthority("test")
	if err != nil {
		t.Fatal(err)
	}
	key, err := original.KeyPEM()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certificateFile, keyFile := filepath.Join(dir, "ca.crt"), filepath.Join(dir, "ca.key")
	stored := Identity{Certificate: original.CertificatePEM, Key: key}
	if err := stored.Write(certificateFile, keyFile); err != nil {
		t.Fatal(err)
	}
	read, err := ReadIdentity(certificateFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := LoadAuthority(read)
	if err != nil {
		t.Fatal(err)
	}
	issued, err := loaded.Issue("user", nil)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(issued.Certificate)
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if err := certificate.CheckSignatureFrom(original.certificate); err != nil {
		t.Error(err)
	}
	if _, err := LoadAuthority(Identity{Certificate: []byte("x"), Key: key}); err == nil {
		t.Error("a damaged certificate was accepted")
	}
}
