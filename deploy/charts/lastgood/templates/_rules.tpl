{{/*
The permissions of the controller in the namespaces that it guards. They are in a ClusterRole, or in
a Role of each namespace in watch.namespaces. The comment of each rule says what needs each verb.
*/}}
{{- define "lastgood.rules" -}}
# list, watch: the cache of Deployments. get: the live read before every write.
# patch: the rollback of spec.template, the restored field ownership, and the dry run of the
# rollback, which changes nothing.
- apiGroups: [apps]
  resources: [deployments]
  verbs: [get, list, watch, patch]
# list: the revisions of a Deployment whose template has changed.
- apiGroups: [apps]
  resources: [replicasets]
  verbs: [list]
# The snapshots of good pod templates. create: store the template of a revision that became good.
# get: the live read of the target before a rollback or a dry run. list, delete: remove snapshots
# that no rollback can need.
- apiGroups: [apps]
  resources: [controllerrevisions]
  verbs: [get, list, create, delete]
# The pods of the Deployments that are being evaluated, for the rollout check and as targets of the
# HTTP probes. watch: their changes. list: the pods of a new release, and the confirmation of a
# failure. Without watch, the pods are listed every 5 s.
- apiGroups: [""]
  resources: [pods]
  verbs: [list, watch]
# get: the ConfigMap of the annotation lastgood.dev/config-map, and the ConfigMaps that a rollback
# target refers to, to check that they exist.
- apiGroups: [""]
  resources: [configmaps]
  verbs: [get]
# get: check that the service account and the claims of a rollback target exist.
- apiGroups: [""]
  resources: [serviceaccounts, persistentvolumeclaims]
  verbs: [get]
# get: the labels of the namespace, if the API server warns that the pods of a rollback target would
# violate a pod security standard. They say whether the standard is enforced.
- apiGroups: [""]
  resources: [namespaces]
  verbs: [get]
{{- if .Values.rbac.readSecrets }}
# get: the Secrets that checks name in credentialsSecret. Also check that the Secrets of a rollback
# target exist: the controller requests only their metadata, but a permission cannot be limited to
# it.
- apiGroups: [""]
  resources: [secrets]
  verbs: [get]
{{- end }}
{{- if .Values.externalMetrics.enabled }}
# list: the values of a metric, of a check `externalMetric`. Each metric is a resource of this group,
# so the names of the resources are not known.
- apiGroups: [external.metrics.k8s.io]
  resources: ["*"]
  verbs: [list]
{{- end }}
{{- if .Values.prometheusRules.enabled }}
# get: the alert of a check `prometheusRule`.
- apiGroups: [monitoring.coreos.com]
  resources: [prometheusrules]
  verbs: [get]
{{- end }}
# get: the Service of an HTTP check, whose pods are probed one by one.
- apiGroups: [""]
  resources: [services]
  verbs: [get]
# create: write an Event. patch: raise the count of a repeated Event.
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
# list, watch: the cache of policies. get: the live read of the policy before a Deployment is
# changed. Only users write policies.
- apiGroups: [lastgood.dev]
  resources: [rollbackpolicies]
  verbs: [get, list, watch]
# list, watch: the cache of guards. create: a Deployment opted in. get: the guard, if the creation
# fails because an earlier leader has created it. patch: take over the guard of a deleted Deployment
# of the same name.
- apiGroups: [lastgood.dev]
  resources: [deploymentguards]
  verbs: [get, list, watch, create, patch]
# list, watch: the cache of Rollbacks. create: the record, before the Deployment is changed. get:
# the record, if the creation fails because it exists already, and again before the Deployment is
# changed later. patch: complete the spec of a Rollback that a user created. delete: remove old
# finished Rollbacks.
- apiGroups: [lastgood.dev]
  resources: [rollbacks]
  verbs: [get, list, watch, create, patch, delete]
# patch: write the status of each kind.
- apiGroups: [lastgood.dev]
  resources: [rollbackpolicies/status, deploymentguards/status, rollbacks/status]
  verbs: [patch]
{{- end }}
