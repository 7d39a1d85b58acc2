// Alertmanager, which sends every alert to one webhook without delay.
package monitoring

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"lastgood.dev/tests/e2e/internal/daemon"
)

// withOwnShare is a shell script that mounts the directory $1 at /usr/share and then runs the other
// arguments. Only this process and its children see the mount.
const withOwnShare = `mount --bind "$1" /usr/share && shift && exec "$@"`

// Alertmanager groups alerts and sends them to a webhook.
type Alertmanager struct{ *daemon.Daemon }

// NewAlertmanager prepares a server that listens on a free port of the host and sends firing and
// resolved alerts to the webhook, with this bearer token. Its files are in the folder, which must
// exist and belong to this server only.
//
// The server needs root: Debian's Alertmanager reads its templates from /usr/share/prometheus, and
// the package is not installed. So the process has its own view of /usr/share.
func NewAlertmanager(host, folder, webhook, token string) (*Alertmanager, error) {
	config, program := filepath.Join(folder, "alertmanager.yml"), Program("prometheus-alertmanager")
	server, err := newDaemon(program, host, folder, func(address string) []string {
		return []string{
			"-c", withOwnShare, "sh", filepath.Join(packages(), "usr", "share"), program,
			"--config.file=" + config,
			"--storage.path=" + filepath.Join(folder, "data"),
			"--web.listen-address=" + address,
			// Empty: no port for other replicas.
			"--cluster.listen-address=",
		}
	})
	if err != nil {
		return nil, err
	}
	server.Program, server.Flags = "/bin/sh", syscall.CLONE_NEWNS
	// The shortest intervals that Alertmanager accepts.
	text := fmt.Sprintf(`route:
  receiver: webhook
  group_by: [...]
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 1m
receivers:
- name: webhook
  webhook_configs:
  - url: %q
    send_resolved: true
    http_config: {authorization: {credentials: %q}}
`, webhook, token)
	return &Alertmanager{server}, os.WriteFile(config, []byte(text), 0o600)
}
