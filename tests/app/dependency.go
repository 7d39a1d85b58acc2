// What the application needs to be healthy: one other service, asked each time that it is asked itself. Must not know its own knobs.
package main

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// Shorter than the time-out of whoever asks this application, so that the answer is its own.
const dependencyTimeout = 300 * time.Millisecond

// askDependency is nil when there is no dependency, or when it answers with a status below 300.
func askDependency(ctx context.Context, url string) error {
	if url == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, dependencyTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("the dependency %s cannot be asked: %w", url, err)
	}
	answer, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return fmt.Errorf("the dependency does not answer: %w", err)
	}
	// Only its status matters.
	_ = answer.Body.Close()
	if answer.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("the dependency %s answers %s", url, answer.Status)
	}
	return nil
}
