package main

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// scaleNode is the node of all pods of this part. No such node exists, so no kubelet changes them.
const scaleNode = "lastgood-bench-scale"

// createPod creates a pod of a ReplicaSet, and writes the status of its only container.
func (s *scale) createPod(ctx context.Context, set *appsv1.ReplicaSet, number int,
	ready bool,
) error {
	pods := s.bench.CoreV1().Pods(s.bench.namespace)
	grace := int64(0)
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: podName(set.Name, number), Labels: set.Spec.Template.Labels,
			OwnerReferences: []metav1.OwnerReference{
				*metav1.NewControllerRef(set, appsv1.SchemeGroupVersion.WithKind("ReplicaSet")),
			},
		},
		Spec: *set.Spec.Template.Spec.DeepCopy(),
	}
	pod.Spec.NodeName = scaleNode
	pod.Spec.TerminationGracePeriodSeconds = &grace
	created, err := pods.Create(ctx, pod, metav1.CreateOptions{FieldManager: managerName})
	if err != nil {
		return err
	}
	created.Status = podStatus(created.Spec.Containers[0].Image, ready, time.Now())
	_, err = pods.UpdateStatus(ctx, created, metav1.UpdateOptions{FieldManager: "kubelet"})
	return err
}

func podName(set string, number int) string { return fmt.Sprintf("%s-%05d", set, number) }

// podStatus is the status of a pod whose container runs.
func podStatus(image string, ready bool, now time.Time) corev1.PodStatus {
	at, isReady := metav1.NewTime(now), corev1.ConditionFalse
	if ready {
		isReady = corev1.ConditionTrue
	}
	condition := func(kind corev1.PodConditionType, status corev1.ConditionStatus,
	) corev1.PodCondition {
		return corev1.PodCondition{Type: kind, Status: status, LastTransitionTime: at}
	}
	started := true
	return corev1.PodStatus{
		Phase: corev1.PodRunning, PodIP: "10.246.0.1", PodIPs: []corev1.PodIP{{IP: "10.246.0.1"}},
		StartTime: &at,
		Conditions: []corev1.PodCondition{
			condition(corev1.PodInitialized, corev1.ConditionTrue),
			condition(corev1.PodScheduled, corev1.ConditionTrue),
			condition(corev1.ContainersReady, isReady), condition(corev1.PodReady, isReady),
		},
		ContainerStatuses: []corev1.ContainerStatus{{
			Name: "app", Image: image, ImageID: image + "@sha256:" + image, Ready: ready,
			Started: &started,
			State:   corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: at}},
		}},
	}
}

// crashPatch is the change of the status when the kubelet waits before it starts a container that
// has crashed several times.
func crashPatch(now time.Time) string {
	at := now.UTC().Format(time.RFC3339)
	return fmt.Sprintf(`{"status":{"containerStatuses":[{"name":"app","restartCount":5,`+
		`"ready":false,"started":false,"state":{"running":null,"waiting":{`+
		`"reason":"CrashLoopBackOff","message":"back-off 1m20s restarting failed container=app"}},`+
		`"lastState":{"terminated":{"exitCode":1,"reason":"Error","startedAt":%q,`+
		`"finishedAt":%q}}}]}}`, at, at)
}

func (s *scale) crashPod(ctx context.Context, name string) error {
	_, err := s.bench.CoreV1().Pods(s.bench.namespace).Patch(ctx, name,
		types.StrategicMergePatchType, []byte(crashPatch(time.Now())),
		metav1.PatchOptions{FieldManager: "kubelet"}, "status")
	return err
}
