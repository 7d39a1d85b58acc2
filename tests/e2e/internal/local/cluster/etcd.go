// Requests to etcd, through its gateway for JSON:
// https://etcd.io/docs/v3.6/dev-guide/api_grpc_gateway/
package cluster

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"lastgood.dev/tests/e2e/internal/local/layout"
)

// CompactEtcd removes the history of all objects before the current revision, as the API server
// does every five minutes. It returns the current revision.
func (c *Cluster) CompactEtcd() (revision string, err error) {
	var current struct{ Header struct{ Revision string } }
	// The key is a zero byte in base64.
	if err := c.callEtcd("kv/range", map[string]any{"key": "AA=="}, &current); err != nil {
		return "", err
	}
	revision = current.Header.Revision
	request := map[string]any{"revision": revision, "physical": true}
	return revision, c.callEtcd("kv/compaction", request, nil)
}

// callEtcd sends a request and stores the response in `into`, if it is not nil.
func (c *Cluster) callEtcd(path string, request, into any) error {
	authority, err := os.ReadFile(c.Cert("ca"))
	if err != nil {
		return err
	}
	pair, err := tls.LoadX509KeyPair(c.Cert("etcd-client"), c.Key("etcd-client"))
	if err != nil {
		return err
	}
	body, err := json.Marshal(request)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	client := http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{
			RootCAs: roots, Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12,
		},
		DisableKeepAlives: true,
	}}
	url := fmt.Sprintf("https://127.0.0.1:%d/v3/%s", layout.EtcdPort, path)
	response, err := client.Post(url, "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("POST %s returned %s: %s", url, response.Status, text)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(text, into)
}
