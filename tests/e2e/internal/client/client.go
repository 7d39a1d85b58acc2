// Package client connects to a cluster by a kubeconfig, as kubectl does.
package client

import (
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// Lastgood's kinds.
var (
	Guards    = schema.GroupVersionResource{Group: "lastgood.dev", Version: "v1alpha1", Resource: "deploymentguards"}
	Policies  = schema.GroupVersionResource{Group: "lastgood.dev", Version: "v1alpha1", Resource: "rollbackpolicies"}
	Rollbacks = schema.GroupVersionResource{Group: "lastgood.dev", Version: "v1alpha1", Resource: "rollbacks"}
)

// Client is Kubernetes' own kinds, typed, and all others.
type Client struct {
	kubernetes.Interface
	Dynamic dynamic.Interface
}

// Connect uses the current context where none is named. It asks as fast as it is told to.
func Connect(kubeconfig, context string) (*Client, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = kubeconfig
	overrides := &clientcmd.ConfigOverrides{CurrentContext: context}
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, overrides).ClientConfig()
	if err != nil {
		return nil, err
	}
	config.QPS, config.Burst = 200, 400
	typed, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	own, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	return &Client{Interface: typed, Dynamic: own}, nil
}
