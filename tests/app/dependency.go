// The dependency of the application: another service. Each request for /health probes that service.
// No function here depends on the knobs.
package main

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// dependencyTimeout is shorter than the timeouts of the health checks in the tests, so that /health
// responds before them.
const dependencyTimeout = 300 * time.Millisecond

// probeDependency returns nil if the URL is empty, or if GET of the URL returns a status below 300.
func probeDependency(ctx context.Context, url string) error {
	if url == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, dependencyTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("cannot probe the dependency %s: %w", url, err)
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return fmt.Errorf("the dependency does not respond: %w", err)
	}
	_ = response.Body.Close()
	if response.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("the dependency %s returned %s", url, response.Status)
	}
	return nil
}
