// Prometheus with an interval of one second. It scrapes the pods that the test names.
package monitoring

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"lastgood.dev/tests/e2e/internal/daemon"
)

// Prometheus is a server with its own database.
type Prometheus struct {
	*daemon.Daemon

	lock    sync.Mutex
	targets []byte
}

// Options are the optional parts of the configuration.
type Options struct {
	// Program is the path of the server's program. Empty: the one of Debian.
	Program string
	// VictoriaMetrics starts a VictoriaMetrics instead. It has no rules.
	VictoriaMetrics bool
	// Rules is the content of a file of alerting and recording rules, in YAML. The rules are
	// evaluated every second.
	Rules string
	// Alertmanager is the address of the Alertmanager that gets the alerts.
	Alertmanager string
	// Security protects the HTTP API.
	Security Security
}

// Target is a pod that the server scrapes.
type Target struct {
	// Address is the host and the port.
	Address string
	// Labels are added to every series of the target.
	Labels map[string]string
}

// NewPrometheus prepares a server that listens on a free port of the host. Its files are in the
// folder, which must exist and belong to this server only.
func NewPrometheus(host, folder string, options Options) (*Prometheus, error) {
	program := cmp.Or(options.Program, Program("prometheus"))
	arguments := prometheusArguments
	if options.VictoriaMetrics {
		program = cmp.Or(options.Program, Program("victoria-metrics"))
		arguments = victoriaMetricsArguments
	}
	p := &Prometheus{}
	server, err := newDaemon(program, host, folder, func(address string) []string {
		return arguments(folder, address)
	})
	if err != nil {
		return nil, err
	}
	p.Daemon = server
	if err := options.Security.apply(server); err != nil {
		return nil, err
	}
	if err := p.SetRules(options.Rules); err != nil {
		return nil, err
	}
	if err := p.SetTargets(nil); err != nil {
		return nil, err
	}
	config := configuration(folder, options.Alertmanager)
	return p, os.WriteFile(filepath.Join(folder, "prometheus.yml"), []byte(config), 0o600)
}

func prometheusArguments(folder, address string) []string {
	return []string{
		"--web.config.file=" + filepath.Join(folder, "web.yml"),
		"--config.file=" + filepath.Join(folder, "prometheus.yml"),
		"--storage.tsdb.path=" + filepath.Join(folder, "data"),
		"--web.listen-address=" + address,
		// For SetRules.
		"--web.enable-lifecycle",
	}
}

func victoriaMetricsArguments(folder, address string) []string {
	return []string{
		"-promscrape.config=" + filepath.Join(folder, "prometheus.yml"),
		// The configuration also has parts that only Prometheus knows.
		"-promscrape.config.strictParse=false",
		"-promscrape.fileSDCheckInterval=1s",
		"-storageDataPath=" + filepath.Join(folder, "data"),
		"-httpListenAddr=" + address,
	}
}

// configuration uses a file with the targets. The Prometheus of Debian has no discovery for
// Kubernetes: its parser does not know kubernetes_sd_configs.
func configuration(folder, alertmanager string) string {
	var config strings.Builder
	fmt.Fprintf(&config, `global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}
rule_files: [%q]
scrape_configs:
- job_name: pods
  file_sd_configs:
  - {files: [%q]}
`, filepath.Join(folder, "rules.yml"), filepath.Join(folder, "targets.json"))
	if alertmanager != "" {
		fmt.Fprintf(&config, `alerting:
  alertmanagers:
  - static_configs: [{targets: [%q]}]
`, alertmanager)
	}
	return config.String()
}

// SetTargets replaces the targets. Prometheus applies a change within 5 s, the same delay as
// for a change that its discovery for Kubernetes finds. Unchanged targets cost nothing.
func (p *Prometheus) SetTargets(targets []Target) error {
	type group struct {
		Targets []string          `json:"targets"`
		Labels  map[string]string `json:"labels"`
	}
	groups := []group{}
	for _, target := range targets {
		groups = append(groups, group{[]string{target.Address}, target.Labels})
	}
	text, err := json.Marshal(groups)
	if err != nil {
		return err
	}
	p.lock.Lock()
	defer p.lock.Unlock()
	if bytes.Equal(text, p.targets) {
		return nil
	}
	if err := replaceFile(filepath.Join(p.Folder, "targets.json"), text); err != nil {
		return err
	}
	p.targets = text
	return nil
}

// SetRules replaces the file of rules. A running server uses the new rules at once. If the server
// rejects them, the error has the server's message.
func (p *Prometheus) SetRules(rules string) error {
	if err := replaceFile(filepath.Join(p.Folder, "rules.yml"), []byte(rules)); err != nil {
		return err
	}
	if !p.IsRunning() {
		return nil
	}
	client := p.Client(queryTimeout)
	response, err := client.Post(p.URL()+"/-/reload", "", nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxResponseBytes))
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("the rules were not loaded: %s: %s", response.Status, text)
	}
	return err
}

// RestartEmpty stops the server and starts it with an empty database.
func (p *Prometheus) RestartEmpty() error {
	if err := p.Stop(); err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Join(p.Folder, "data")); err != nil {
		return err
	}
	return p.Start()
}

// replaceFile replaces a file at once, so that a server never reads a part of it.
func replaceFile(path string, text []byte) error {
	partial := path + ".partial"
	if err := os.WriteFile(partial, text, 0o600); err != nil {
		return err
	}
	return os.Rename(partial, path)
}
