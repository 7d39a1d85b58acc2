// When: an admission webhook that never responds.
package scenario

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	admission "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"lastgood.dev/tests/e2e/internal/local/layout"
	"lastgood.dev/tests/e2e/internal/local/pki"
)

// webhookSeconds is the default of timeoutSeconds, which is longer than the controller waits.
const webhookSeconds = 10

// HangingWebhook is a webhook of the test process.
type HangingWebhook struct {
	scenario *Scenario
	// requests is how many requests hung.
	requests atomic.Int32
}

// WebhookHangs adds a validating webhook for the controller's writes of a resource, such as
// "rollbacks" or "deploymentguards/status". It does not respond. Dry runs do not pass it: otherwise
// no rollback would begin.
func (w *When) WebhookHangs(resource string, policy admission.FailurePolicyType) *HangingWebhook {
	w.T.Helper()
	hook := &HangingWebhook{scenario: w.Scenario}
	url, authority := hook.serve()
	seconds, effects := int32(webhookSeconds), admission.SideEffectClassNone
	webhook := admission.ValidatingWebhook{
		Name:                    "hangs.lastgood.dev",
		ClientConfig:            admission.WebhookClientConfig{URL: &url, CABundle: authority},
		Rules:                   []admission.RuleWithOperations{writesOf(resource)},
		FailurePolicy:           &policy,
		TimeoutSeconds:          &seconds,
		SideEffects:             &effects,
		AdmissionReviewVersions: []string{"v1"},
		NamespaceSelector: &metav1.LabelSelector{
			MatchLabels: map[string]string{"kubernetes.io/metadata.name": w.Namespace},
		},
		MatchConditions: []admission.MatchCondition{
			{Name: "by-lastgood", Expression: fmt.Sprintf("request.userInfo.username == '%s'",
				ControllerUser)},
			{Name: "no-dry-run", Expression: "!has(request.dryRun) || !request.dryRun"},
		},
	}
	object := &admission.ValidatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: w.Namespace},
		Webhooks:   []admission.ValidatingWebhook{webhook},
	}
	_, err := w.Cluster.Typed.AdmissionregistrationV1().ValidatingWebhookConfigurations().
		Create(context.Background(), object, metav1.CreateOptions{})
	w.must(err)
	w.T.Cleanup(hook.Remove)
	return hook
}

// writesOf returns a rule for the writes of a resource of Lastgood, or of Deployments.
func writesOf(resource string) admission.RuleWithOperations {
	group := "lastgood.dev"
	if strings.HasPrefix(resource, "deployments") {
		group = "apps"
	}
	return admission.RuleWithOperations{
		Operations: []admission.OperationType{admission.Create, admission.Update},
		Rule: admission.Rule{APIGroups: []string{group}, APIVersions: []string{"*"},
			Resources: []string{resource}},
	}
}

// serve starts the server of the webhook on the address that the API server reaches. It returns its
// URL and the authority of its certificate.
func (h *HangingWebhook) serve() (url string, authority []byte) {
	s := h.scenario
	s.T.Helper()
	issuer, err := pki.NewAuthority("webhook")
	s.must(err)
	identity, err := issuer.Issue("webhook", nil, layout.NodeAddress)
	s.must(err)
	pair, err := tls.X509KeyPair(identity.Certificate, identity.Key)
	s.must(err)
	listener, err := net.Listen("tcp", layout.NodeAddress+":0")
	s.must(err)
	server := &http.Server{
		Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			// The server notices the end of a connection only after the body was read.
			_, _ = io.Copy(io.Discard, r.Body)
			h.requests.Add(1)
			<-r.Context().Done()
		}),
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12},
		// The API server ends the connections of requests that hang.
		ErrorLog: log.New(io.Discard, "", 0),
	}
	go func() { _ = server.ServeTLS(listener, "", "") }()
	s.T.Cleanup(func() { _ = server.Close() })
	return "https://" + listener.Addr().String() + "/hang", issuer.CertificatePEM
}

// Requests returns how many requests have hung.
func (h *HangingWebhook) Requests() int { return int(h.requests.Load()) }

// AwaitRequest waits until a request hangs.
func (h *HangingWebhook) AwaitRequest() {
	h.scenario.T.Helper()
	h.scenario.eventually("a request that hangs in the webhook", func(context.Context) (bool, string) {
		return h.Requests() > 0, "none"
	})
}

// Remove removes the webhook. The API server still waits for the requests that hang.
func (h *HangingWebhook) Remove() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	// The cleanup of the test calls Remove again, when the object may be deleted already.
	_ = h.scenario.Cluster.Typed.AdmissionregistrationV1().ValidatingWebhookConfigurations().
		Delete(ctx, h.scenario.Namespace, metav1.DeleteOptions{})
}
