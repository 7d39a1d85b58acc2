{{/*
What the controller may do in every namespace that it guards: in a ClusterRole, or in a Role of each chosen namespace.
Every rule says which call needs each of its verbs. Secrets are among them only where rbac.readSecrets says so.
*/}}
{{- define "lastgood.rules" -}}
# list, watch: the cache of Deployments. get: the live read before every write.
# patch: the rollback of spec.template, and the managedFields that give its owners their fields back. The dry run of the
# rollback, which changes nothing, is a patch too.
- apiGroups: [apps]
  resources: [deployments]
  verbs: [get, list, watch, patch]
# list: the revisions of a Deployment whose template changed.
- apiGroups: [apps]
  resources: [replicasets]
  verbs: [list]
# The templates that were proven good. create: keeping a template that became good. get: the live read of the target before
# a rollback is carried out or tried out. list, delete: of the kept ones, removing those that no rollback can need any more.
- apiGroups: [apps]
  resources: [controllerrevisions]
  verbs: [get, list, create, delete]
# list: the pods of a revision while it is judged, for the rollout check and to ask each of them by HTTP.
- apiGroups: [""]
  resources: [pods]
  verbs: [list]
# get: the ConfigMap that a Deployment names in lastgood.dev/config-map; and whether those exist that its last good template names.
- apiGroups: [""]
  resources: [configmaps]
  verbs: [get]
# get: whether the service account and the claims exist that the last good template names.
- apiGroups: [""]
  resources: [serviceaccounts, persistentvolumeclaims]
  verbs: [get]
{{- if .Values.rbac.readSecrets }}
# get: whether the Secrets exist that the last good template names. Their metadata alone is asked for, never their data; the
# permission cannot say that.
- apiGroups: [""]
  resources: [secrets]
  verbs: [get]
{{- end }}
# get: the Service that an HTTP check names, whose pods are asked one by one.
- apiGroups: [""]
  resources: [services]
  verbs: [get]
# create: an Event for each fact. patch: counting a fact that is seen again.
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
# list, watch: the cache of policies. get: the one that governs is read once more before a Deployment is touched. They are written
# by people, so there is no other verb.
- apiGroups: [lastgood.dev]
  resources: [rollbackpolicies]
  verbs: [get, list, watch]
# list, watch: the cache of guards. create: a Deployment opted in. get: one was made by a leader before. patch: one that was left
# by an earlier Deployment of the same name becomes this one's.
- apiGroups: [lastgood.dev]
  resources: [deploymentguards]
  verbs: [get, list, watch, create, patch]
# list, watch: the cache of rollbacks. create: the intent, before the Deployment is touched. get: the one that a leader before
# made of the same intent, or our own whose answer was lost. patch: filling in the one that a person made. delete: finished ones
# beyond the newest twenty of a Deployment.
- apiGroups: [lastgood.dev]
  resources: [rollbacks]
  verbs: [get, list, watch, create, patch, delete]
# patch: what is known and what was done, as status.
- apiGroups: [lastgood.dev]
  resources: [rollbackpolicies/status, deploymentguards/status, rollbacks/status]
  verbs: [patch]
{{- end }}
