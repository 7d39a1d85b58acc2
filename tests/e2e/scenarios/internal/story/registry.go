// Registries of images on the node's own machine, where the container runtime speaks plain HTTP to loopback. Must not know who
// pulls from them.
package story

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// EmptyRegistry is the address of a registry that has no image at all.
func EmptyRegistry(t *testing.T) string {
	return registry(t, http.StatusNotFound, `{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}`)
}

// BusyRegistry is the address of one that is there, and cannot be asked now.
func BusyRegistry(t *testing.T) string {
	return registry(t, http.StatusServiceUnavailable, `{"errors":[{"code":"UNAVAILABLE","message":"come back later"}]}`)
}

func registry(t *testing.T, status int, body string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, _ *http.Request) {
		answer.Header().Set("Content-Type", "application/json")
		answer.WriteHeader(status)
		_, _ = answer.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}
