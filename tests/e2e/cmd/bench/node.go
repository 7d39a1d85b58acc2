package main

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

const (
	nodeName = "lastgood-bench"
	// nodeKey is the label and the taint of the node: only the pods of the bench run on it.
	nodeKey        = "lastgood.dev/bench"
	leaseNamespace = "kube-node-lease"
	renewInterval  = 5 * time.Second
	// podNetwork has the addresses of the pods on the node. The local cluster does not use it.
	podNetwork = "10.246.0.0/16"
	// statusWriters is the number of pod statuses that are written at the same time.
	statusWriters = 16
	// relistInterval is the time after which pods whose status could not be written are tried again.
	relistInterval = 15 * time.Second
)

// fakeNode is a Node object without a machine. The bench renews its Lease and writes the status of
// its pods, which have no containers.
type fakeNode struct {
	bench   *bench
	cancel  context.CancelFunc
	running sync.WaitGroup

	lock sync.Mutex
	// addresses has the addresses of the pods by name, also of pods that were deleted.
	addresses map[string]string
}

func (b *bench) startNode(ctx context.Context) (*fakeNode, error) {
	n := &fakeNode{bench: b, addresses: map[string]string{}}
	if err := n.create(ctx); err != nil {
		n.remove()
		return nil, err
	}
	running, cancel := context.WithCancel(context.Background())
	n.cancel = cancel
	n.running.Go(func() { n.renew(running) })
	n.running.Go(func() { n.runPods(running) })
	return n, nil
}

// create replaces a node that an earlier bench has left behind.
func (n *fakeNode) create(ctx context.Context) error {
	n.remove()
	capacity := corev1.ResourceList{
		"cpu": resource.MustParse("1000"), "memory": resource.MustParse("1Ti"),
		"pods": resource.MustParse("10000"),
	}
	now := metav1.Now()
	node := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: nodeName, Labels: map[string]string{nodeKey: "true"}},
		Spec: corev1.NodeSpec{
			Taints: []corev1.Taint{{Key: nodeKey, Effect: corev1.TaintEffectNoSchedule}},
		},
		Status: corev1.NodeStatus{
			Capacity: capacity, Allocatable: capacity,
			Conditions: []corev1.NodeCondition{{
				Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "Bench",
				LastHeartbeatTime: now, LastTransitionTime: now,
			}},
		},
	}
	if _, err := n.bench.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{}); err != nil {
		return err
	}
	return n.renewOnce(ctx)
}

func (n *fakeNode) remove() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	// An error is ignored: the Node or the Lease may be missing.
	_ = n.bench.CoreV1().Nodes().Delete(ctx, nodeName, metav1.DeleteOptions{})
	_ = n.bench.CoordinationV1().Leases(leaseNamespace).
		Delete(ctx, nodeName, metav1.DeleteOptions{})
}

func (n *fakeNode) stop() {
	n.cancel()
	n.running.Wait()
	n.remove()
}

func (n *fakeNode) renew(ctx context.Context) {
	for ctx.Err() == nil {
		// After an error, the next renewal follows soon: the cluster accepts 40 s without one.
		_ = n.renewOnce(ctx)
		_ = sleep(ctx, renewInterval)
	}
}

func (n *fakeNode) renewOnce(ctx context.Context) error {
	holder, seconds, now := nodeName, int32(40), metav1.NowMicro()
	lease := &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Name: nodeName},
		Spec: coordinationv1.LeaseSpec{
			HolderIdentity: &holder, LeaseDurationSeconds: &seconds, RenewTime: &now,
		},
	}
	patch, err := json.Marshal(map[string]any{"spec": lease.Spec})
	if err != nil {
		return err
	}
	leases := n.bench.CoordinationV1().Leases(leaseNamespace)
	_, err = leases.Patch(ctx, nodeName, types.MergePatchType, patch, metav1.PatchOptions{})
	if apierrors.IsNotFound(err) {
		_, err = leases.Create(ctx, lease, metav1.CreateOptions{})
	}
	return err
}

// runPods starts the pods of the bench on the node until the context ends.
func (n *fakeNode) runPods(ctx context.Context) {
	var writers sync.WaitGroup
	defer writers.Wait()
	slots := make(chan struct{}, statusWriters)
	start := func(pod *corev1.Pod) {
		if pod.Spec.NodeName != nodeName || pod.Status.Phase != corev1.PodPending ||
			pod.DeletionTimestamp != nil {
			return
		}
		slots <- struct{}{}
		writers.Go(func() {
			defer func() { <-slots }()
			// A pod without a status is tried again after the next list.
			_ = n.startPod(ctx, pod.Name)
		})
	}
	for ctx.Err() == nil {
		n.watchPods(ctx, start)
		// This sleep also limits the requests to an API server that responds with errors.
		_ = sleep(ctx, 100*time.Millisecond)
	}
}

// watchPods lists the pods and watches them until the watch ends.
func (n *fakeNode) watchPods(ctx context.Context, start func(*corev1.Pod)) {
	pods := n.bench.CoreV1().Pods(n.bench.namespace)
	list, err := pods.List(ctx, metav1.ListOptions{})
	if err != nil {
		return
	}
	for i := range list.Items {
		start(&list.Items[i])
	}
	seconds := int64(relistInterval.Seconds())
	watch, err := pods.Watch(ctx, metav1.ListOptions{
		ResourceVersion: list.ResourceVersion, TimeoutSeconds: &seconds,
	})
	if err != nil {
		return
	}
	defer watch.Stop()
	for change := range watch.ResultChan() {
		if pod, ok := change.Object.(*corev1.Pod); ok {
			start(pod)
		}
	}
}

func (n *fakeNode) startPod(ctx context.Context, name string) error {
	address := n.addressOf(name)
	now := metav1.Now()
	condition := func(kind corev1.PodConditionType) corev1.PodCondition {
		return corev1.PodCondition{Type: kind, Status: corev1.ConditionTrue, LastTransitionTime: now}
	}
	started := true
	status := corev1.PodStatus{
		Phase: corev1.PodRunning, PodIP: address, PodIPs: []corev1.PodIP{{IP: address}},
		StartTime: &now,
		Conditions: []corev1.PodCondition{condition(corev1.PodInitialized),
			condition(corev1.ContainersReady), condition(corev1.PodReady)},
		ContainerStatuses: []corev1.ContainerStatus{{
			Name: "app", Image: n.bench.image, Ready: true, Started: &started,
			State: corev1.ContainerState{
				Running: &corev1.ContainerStateRunning{StartedAt: now},
			},
		}},
	}
	patch, err := json.Marshal(map[string]any{"status": status})
	if err != nil {
		return err
	}
	_, err = n.bench.CoreV1().Pods(n.bench.namespace).Patch(ctx, name,
		types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
	return err
}

func (n *fakeNode) addressOf(pod string) string {
	n.lock.Lock()
	defer n.lock.Unlock()
	if _, known := n.addresses[pod]; !known {
		n.addresses[pod] = podAddress(len(n.addresses))
	}
	return n.addresses[pod]
}

// podAddress returns the address of the pod with this number, from 0 to 59,999.
func podAddress(number int) string {
	const perNetwork = 250
	return fmt.Sprintf("10.246.%d.%d", number/perNetwork, 1+number%perNetwork)
}

// podNames returns the names of all pods that were started.
func (n *fakeNode) podNames() map[string]bool {
	n.lock.Lock()
	defer n.lock.Unlock()
	names := map[string]bool{}
	for name := range n.addresses {
		names[name] = true
	}
	return names
}
