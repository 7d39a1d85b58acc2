// Given and When: extra nodes of a scenario.
package scenario

import (
	"context"
	"fmt"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"lastgood.dev/tests/e2e/internal/local/cluster"
	"lastgood.dev/tests/e2e/internal/local/layout"
)

// Node is an extra node of one scenario. Only the pods of an App with the edit On(node)
// run there.
type Node struct {
	scenario *Scenario
	cluster  *cluster.Cluster
	node     layout.ExtraNode
}

// ExtraNode starts a node for this scenario. The node is removed at the end of the scenario.
func (g *Given) ExtraNode() *Node {
	g.T.Helper()
	local := g.Local()
	node, err := local.AddNode()
	g.must(err)
	made := &Node{g.Scenario, local, node}
	g.T.Cleanup(made.remove)
	return made
}

// Name is the name of the Node object.
func (n *Node) Name() string { return n.node.Name() }

// On is an edit: the pods run only on these nodes, and stay there after a node is lost. With at
// least as many replicas as nodes, at least one pod runs on each node.
func On(nodes ...*Node) func(*apps.Deployment) {
	var names []string
	for _, node := range nodes {
		names = append(names, node.Name())
	}
	return func(d *apps.Deployment) {
		spec := &d.Spec.Template.Spec
		spec.Tolerations = []core.Toleration{
			{Key: layout.ExtraNodeTaint, Operator: core.TolerationOpExists},
			{Key: core.TaintNodeNotReady, Operator: core.TolerationOpExists},
			{Key: core.TaintNodeUnreachable, Operator: core.TolerationOpExists},
		}
		hosts := core.NodeSelectorRequirement{
			Key: core.LabelHostname, Operator: core.NodeSelectorOpIn, Values: names,
		}
		spec.Affinity = &core.Affinity{NodeAffinity: &core.NodeAffinity{
			RequiredDuringSchedulingIgnoredDuringExecution: &core.NodeSelector{
				NodeSelectorTerms: []core.NodeSelectorTerm{
					{MatchExpressions: []core.NodeSelectorRequirement{hosts}},
				},
			},
		}}
		spec.TopologySpreadConstraints = []core.TopologySpreadConstraint{{
			MaxSkew: 1, TopologyKey: core.LabelHostname,
			WhenUnsatisfiable: core.DoNotSchedule, LabelSelector: d.Spec.Selector,
			MatchLabelKeys: []string{"pod-template-hash"},
		}}
	}
}

// NodeLost stops a node as a power failure does.
func (w *When) NodeLost(node *Node) *When {
	w.T.Helper()
	w.must(node.cluster.KillNode(node.node))
	return w
}

// NodeNotReady waits until Kubernetes has noticed that a node is lost.
func (w *When) NodeNotReady(node *Node) *When {
	w.T.Helper()
	w.eventually("node "+node.Name()+" is not ready", func(ctx context.Context) (bool, string) {
		found, err := w.Cluster.Typed.CoreV1().Nodes().Get(ctx, node.Name(), metav1.GetOptions{})
		if err != nil {
			return false, err.Error()
		}
		for _, condition := range found.Status.Conditions {
			if condition.Type == core.NodeReady {
				return condition.Status != core.ConditionTrue, string(condition.Status)
			}
		}
		return false, "the node has no condition Ready"
	})
	return w
}

// NodeCordoned makes a node unschedulable, or schedulable again.
func (w *When) NodeCordoned(node *Node, unschedulable bool) *When {
	w.T.Helper()
	patch := fmt.Sprintf(`{"spec":{"unschedulable":%t}}`, unschedulable)
	_, err := w.Cluster.Typed.CoreV1().Nodes().Patch(context.Background(), node.Name(),
		types.MergePatchType, []byte(patch), metav1.PatchOptions{FieldManager: fieldManager})
	w.must(err)
	return w
}

// remove removes the node and its pods. Kubernetes would delete the pods of the removed node only
// much later.
func (n *Node) remove() {
	if err := n.cluster.RemoveNode(n.node); err != nil {
		n.scenario.T.Errorf("cannot remove node %s: %v", n.Name(), err)
	}
	immediately := int64(0)
	pods := n.scenario.Cluster.Typed.CoreV1().Pods(n.scenario.Namespace)
	err := pods.DeleteCollection(context.Background(),
		metav1.DeleteOptions{GracePeriodSeconds: &immediately},
		metav1.ListOptions{FieldSelector: "spec.nodeName=" + n.Name()})
	if err != nil {
		n.scenario.T.Errorf("cannot delete the pods of node %s: %v", n.Name(), err)
	}
}
