// The dependency of the application: a service that must be healthy. It is probed for each request
// of /health. Must not know the knobs.
package main

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// dependencyTimeout is shorter than the timeouts of the tests, so that /health responds in time.
const dependencyTimeout = 300 * time.Millisecond

// probeDependency returns nil if there is no dependency, or if its status is below 300.
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
