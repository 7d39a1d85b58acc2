// A second API server with the same etcd, which a scenario can freeze.
package cluster

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"time"

	"lastgood.dev/tests/e2e/internal/local/layout"
)

const secondAPIServer = apiServer + "-2"

// APIServerURL is the URL of the API server that all components use.
func APIServerURL() string { return serverURL() }

// StartSecondAPIServer starts the second API server and returns its URL. Both write the same audit
// log.
func (c *Cluster) StartSecondAPIServer() (url string, err error) {
	url = fmt.Sprintf("https://%s:%d", layout.NodeAddress, layout.SecondAPIServerPort)
	command := c.command(apiServer)
	command.Name, command.Log = secondAPIServer, c.Log(secondAPIServer)
	command.Args = slices.DeleteFunc(slices.Clone(command.Args), func(argument string) bool {
		return strings.HasPrefix(argument, "--secure-port=") ||
			strings.HasPrefix(argument, "--cert-dir=")
	})
	// The first word of the arguments chooses the program of Kubernetes.
	command.Args = append([]string{apiServer}, command.Args...)
	command.Args = append(command.Args, fmt.Sprintf("--secure-port=%d", layout.SecondAPIServerPort),
		"--cert-dir="+c.Path("pki", secondAPIServer),
		// The Service kubernetes has the endpoint of the first one.
		"--endpoint-reconciler-type=none")
	if err := c.Processes.Start(command); err != nil {
		return "", err
	}
	api, err := c.client()
	if err != nil {
		return "", err
	}
	return url, c.await(secondAPIServer, "the second API server is ready", time.Minute,
		func() error {
			_, err := get(api.http, url+"/readyz")
			return err
		})
}

// FreezeSecondAPIServer stops the process. Its connections stay open, and the kernel still accepts
// new ones.
func (c *Cluster) FreezeSecondAPIServer() error {
	return c.signalSecondAPIServer(syscall.SIGSTOP)
}

// ContinueSecondAPIServer continues the frozen process.
func (c *Cluster) ContinueSecondAPIServer() error {
	return c.signalSecondAPIServer(syscall.SIGCONT)
}

func (c *Cluster) signalSecondAPIServer(signal syscall.Signal) error {
	pid := c.Processes.PID(secondAPIServer)
	if pid == 0 {
		return fmt.Errorf("%s does not run", secondAPIServer)
	}
	return syscall.Kill(pid, signal)
}

// StopSecondAPIServer kills the second API server, frozen or not.
func (c *Cluster) StopSecondAPIServer() error {
	if err := c.Processes.Stop(secondAPIServer, 0); err != nil {
		return err
	}
	return c.Processes.Forget(secondAPIServer)
}
