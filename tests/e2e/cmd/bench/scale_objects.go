package main

import (
	"fmt"
	"hash/fnv"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/rand"
)

const (
	// scaleRevisions is the number of ReplicaSets of each Deployment, and the number of its last good
	// release. Lastgood first sees the release before it, so that each Deployment has a target.
	scaleRevisions = 10
	firstSeen      = scaleRevisions - 1
	scaleReplicas  = 3
	hashLabel      = "pod-template-hash"
	revisionKey    = "deployment.kubernetes.io/revision"
	// scalePart is the value of a label of all Deployments, which the policy selects.
	scalePart = "shop"
	// releaseKey is an annotation of the template, which makes a revision differ from the others.
	releaseKey = "shop.example.com/release"
)

func scaleName(number int) string { return fmt.Sprintf("shop-service-%05d", number) }

func scaleLabels(name string) map[string]string {
	return map[string]string{
		"app": name, "app.kubernetes.io/name": name, "app.kubernetes.io/part-of": scalePart,
		"app.kubernetes.io/managed-by": "Helm", "team": "checkout",
	}
}

// scaleTemplate is the pod template of a service, as large as usual ones. It refers to no object
// that would have to exist.
func scaleTemplate(name string, release int) corev1.PodTemplateSpec {
	probe := func(path string, period int32) *corev1.Probe {
		action := &corev1.HTTPGetAction{Path: path, Port: intstr.FromString("http")}
		return &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: action},
			PeriodSeconds: period, TimeoutSeconds: 2, FailureThreshold: 3}
	}
	variables := []corev1.EnvVar{
		{Name: "LOG_LEVEL", Value: "info"}, {Name: "HTTP_PORT", Value: "8080"},
		{Name: "DATABASE_HOST", Value: "postgres.shop.svc.cluster.local"},
		{Name: "CACHE_ADDRESS", Value: "redis.shop.svc.cluster.local:6379"},
		{Name: "POD_NAME", ValueFrom: &corev1.EnvVarSource{
			FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.name"}}},
	}
	no, yes, user := false, true, int64(65532)
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{
			Labels: map[string]string{"app": name, "app.kubernetes.io/part-of": scalePart},
			Annotations: map[string]string{
				"prometheus.io/scrape": "true", "prometheus.io/port": "9090",
				releaseKey: strconv.Itoa(release),
			},
		},
		Spec: corev1.PodSpec{
			AutomountServiceAccountToken: &no,
			SecurityContext:              &corev1.PodSecurityContext{RunAsNonRoot: &yes, RunAsUser: &user},
			Volumes: []corev1.Volume{{Name: "cache", VolumeSource: corev1.VolumeSource{
				EmptyDir: &corev1.EmptyDirVolumeSource{}}}},
			Containers: []corev1.Container{{
				Name:  "app",
				Image: fmt.Sprintf("registry.example.com/shop/%s:1.%d.0", name, release),
				Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 8080},
					{Name: "metrics", ContainerPort: 9090}},
				Env: variables,
				Resources: corev1.ResourceRequirements{
					Requests: corev1.ResourceList{"cpu": resource.MustParse("100m"),
						"memory": resource.MustParse("128Mi")},
					Limits: corev1.ResourceList{"memory": resource.MustParse("256Mi")},
				},
				VolumeMounts:   []corev1.VolumeMount{{Name: "cache", MountPath: "/var/cache/app"}},
				LivenessProbe:  probe("/healthz", 10),
				ReadinessProbe: probe("/readyz", 5),
				SecurityContext: &corev1.SecurityContext{AllowPrivilegeEscalation: &no,
					ReadOnlyRootFilesystem: &yes,
					Capabilities:           &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}},
			}},
		},
	}
}

func scaleDeployment(number int) *appsv1.Deployment {
	name := scaleName(number)
	replicas, limit := int32(scaleReplicas), int32(scaleRevisions)
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: scaleLabels(name),
			Annotations: map[string]string{revisionKey: strconv.Itoa(firstSeen)}},
		Spec: appsv1.DeploymentSpec{
			Replicas:             &replicas,
			RevisionHistoryLimit: &limit,
			Selector:             &metav1.LabelSelector{MatchLabels: map[string]string{"app": name}},
			Template:             scaleTemplate(name, firstSeen),
		},
	}
}

// completeStatus is the status of a Deployment whose rollout is complete.
func completeStatus(deployment *appsv1.Deployment, hash string) appsv1.DeploymentStatus {
	replicas, now := *deployment.Spec.Replicas, metav1.Now()
	condition := func(kind appsv1.DeploymentConditionType, reason, message string,
	) appsv1.DeploymentCondition {
		return appsv1.DeploymentCondition{Type: kind, Status: corev1.ConditionTrue, Reason: reason,
			Message: message, LastUpdateTime: now, LastTransitionTime: now}
	}
	return appsv1.DeploymentStatus{
		ObservedGeneration: deployment.Generation, Replicas: replicas, UpdatedReplicas: replicas,
		ReadyReplicas: replicas, AvailableReplicas: replicas,
		Conditions: []appsv1.DeploymentCondition{
			condition(appsv1.DeploymentAvailable, "MinimumReplicasAvailable",
				"Deployment has minimum availability."),
			condition(appsv1.DeploymentProgressing, "NewReplicaSetAvailable",
				fmt.Sprintf("ReplicaSet %q has successfully progressed.", deployment.Name+"-"+hash)),
		},
	}
}

// scaleHash returns a pod-template-hash in the form of those of Kubernetes.
func scaleHash(name string, release int) string {
	sum := fnv.New32a()
	fmt.Fprintf(sum, "%s/%d", name, release)
	return rand.SafeEncodeString(strconv.FormatUint(uint64(sum.Sum32()), 10))
}

// scaleReplicaSet is the ReplicaSet of a release. The number of the release is its revision too.
func scaleReplicaSet(owner *appsv1.Deployment, release int, replicas int32) *appsv1.ReplicaSet {
	hash := scaleHash(owner.Name, release)
	template := scaleTemplate(owner.Name, release)
	template.Labels[hashLabel] = hash
	return &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{
			Name: owner.Name + "-" + hash, Labels: template.Labels,
			Annotations: map[string]string{
				revisionKey: strconv.Itoa(release),
				"deployment.kubernetes.io/desired-replicas": strconv.Itoa(scaleReplicas),
				"deployment.kubernetes.io/max-replicas":     strconv.Itoa(scaleReplicas + 1),
			},
			OwnerReferences: []metav1.OwnerReference{
				*metav1.NewControllerRef(owner, appsv1.SchemeGroupVersion.WithKind("Deployment")),
			},
		},
		Spec: appsv1.ReplicaSetSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{
				MatchLabels: map[string]string{"app": owner.Name, hashLabel: hash}},
			Template: template,
		},
	}
}

func replicaSetStatus(set *appsv1.ReplicaSet) appsv1.ReplicaSetStatus {
	replicas := *set.Spec.Replicas
	return appsv1.ReplicaSetStatus{Replicas: replicas, FullyLabeledReplicas: replicas,
		ReadyReplicas: replicas, AvailableReplicas: replicas, ObservedGeneration: set.Generation}
}
