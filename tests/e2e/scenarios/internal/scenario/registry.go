// Image registries on the machine of the node. The container runtime uses plain HTTP for loopback
// addresses.
package scenario

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// EmptyRegistry returns the address of a registry without images.
func EmptyRegistry(t *testing.T) string {
	return registry(t, http.StatusNotFound,
		`{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}`)
}

// UnavailableRegistry returns the address of a registry that responds 503 to every request.
func UnavailableRegistry(t *testing.T) string {
	return registry(t, http.StatusServiceUnavailable,
		`{"errors":[{"code":"UNAVAILABLE","message":"come back later"}]}`)
}

func registry(t *testing.T, status int, body string) string {
	t.Helper()
	handler := func(response http.ResponseWriter, _ *http.Request) {
		response.Header().Set("Content-Type", "application/json")
		response.WriteHeader(status)
		_, _ = response.Write([]byte(body))
	}
	server := httptest.NewServer(http.HandlerFunc(handler))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}
