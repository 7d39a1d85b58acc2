// Command kubernetes is one binary with the Kubernetes components, etcd, CoreDNS, kubectl and helm.
// The first argument, or the name of the symbolic link, chooses the program. Package
// internal/local/cluster configures and supervises the components.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	_ "time/tzdata"

	"go.etcd.io/etcd/server/v3/etcdmain"
	_ "k8s.io/client-go/plugin/pkg/client/auth"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

// programs maps the name of each program to a function that runs the program and returns its exit
// code.
var programs = map[string]func() int{
	"kube-apiserver": func() int { return cli.Run(apiserver.NewAPIServerCommand()) },
	"kube-controller-manager": func() int {
		return cli.Run(controllermanager.NewControllerManagerCommand())
	},
	"kube-scheduler": func() int { return cli.Run(scheduler.NewSchedulerCommand()) },
	"kube-proxy":     func() int { return cli.Run(proxy.NewProxyCommand()) },
	"kubelet":        runKubelet,
	"etcd":           func() int { etcdmain.Main(os.Args); return 0 },
	"coredns":        runCoreDNS,
	"kubectl":        runKubectl,
	"helm":           runHelm,
}

func runKubelet() int { return cli.Run(kubelet.NewKubeletCommand(context.Background())) }

func main() {
	if name := filepath.Base(os.Args[0]); programs[name] != nil {
		os.Args[0] = name
	} else {
		// Programs put os.Args[0] into their user agent and field manager.
		os.Args = os.Args[1:]
	}
	if len(os.Args) == 0 || programs[os.Args[0]] == nil {
		fmt.Fprintf(os.Stderr, "usage: kubernetes PROGRAM [argument...]; PROGRAM is one of: %s\n",
			strings.Join(programNames(), ", "))
		os.Exit(2)
	}
	os.Exit(programs[os.Args[0]]())
}
