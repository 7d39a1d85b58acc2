// Package client connects to a cluster with a kubeconfig, as kubectl does.
package client

import (
	"flag"
	"io"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
)

var version = schema.GroupVersion{Group: "lastgood.dev", Version: "v1alpha1"}

// The kinds of Lastgood.
var (
	Guards    = version.WithResource("deploymentguards")
	Policies  = version.WithResource("rollbackpolicies")
	Rollbacks = version.WithResource("rollbacks")
)

// Client is a typed client for the kinds of Kubernetes and a dynamic client for all others.
type Client struct {
	kubernetes.Interface
	Dynamic dynamic.Interface
}

// Config returns the configuration of a client without a rate limit. An empty context is the
// current context of the kubeconfig.
func Config(kubeconfig, context string) (*rest.Config, error) {
	// client-go also logs errors that it returns, and requests that an interrupt has cancelled.
	quiet := flag.NewFlagSet("klog", flag.ContinueOnError)
	klog.InitFlags(quiet)
	// klog writes errors to stderr too, unless this flag says otherwise.
	if err := quiet.Set("stderrthreshold", "FATAL"); err != nil {
		return nil, err
	}
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = kubeconfig
	overrides := &clientcmd.ConfigOverrides{CurrentContext: context}
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, overrides)
	config, err := loader.ClientConfig()
	if err != nil {
		return nil, err
	}
	config.QPS = -1
	return config, nil
}

// Connect connects to the cluster of a context, with a rate limit. An empty context is the current
// context of the kubeconfig.
func Connect(kubeconfig, context string) (*Client, error) {
	config, err := Config(kubeconfig, context)
	if err != nil {
		return nil, err
	}
	// The default rate limit would slow down the polling.
	config.QPS, config.Burst = 200, 400
	return New(config)
}

// New returns a client with this configuration.
func New(config *rest.Config) (*Client, error) {
	typed, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	dynamicClient, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	return &Client{Interface: typed, Dynamic: dynamicClient}, nil
}
