// Package scenarios tells what users of Lastgood see, on a real Kubernetes with running pods.
//
// Scenarios that stop a controller come first and one after another (controller_test.go, apiserver_test.go); all others run
// beside each other under the controller that the chart installed, each in its own namespace.
package scenarios

import (
	"os"
	"testing"

	"lastgood.dev/tests/e2e/scenarios/internal/story"
)

func TestMain(m *testing.M) { os.Exit(story.Main(m)) }

// A policy that judges in seconds: good 3 s after the rollout, breached by the second failure in a row. One rollback may follow
// on another at once.
const quick = `
bakeTime: 3s
checks:
- name: health
  http: {port: 8080, path: /health, expectedStatus: "200", timeout: 500ms}
  interval: 1s
  failureThreshold: 2
rollback: {verifyFor: 2s, cooldown: 0s}
`

// The same, but a release is judged for longer than any scenario takes.
const long = `
bakeTime: 10m
checks:
- name: health
  http: {port: 8080, path: /health, expectedStatus: "200", timeout: 500ms}
  interval: 1s
  failureThreshold: 2
rollback: {verifyFor: 2s, cooldown: 0s}
`
