{{/*
What the controller may do in every namespace that it guards: in a ClusterRole, or in a Role of each chosen namespace.
Every rule says which call needs each of its verbs. Secrets are not among them.
*/}}
{{- define "lastgood.rules" -}}
# list, watch: the cache of Deployments. get: the live read before every write.
# patch: the rollback of spec.template, and the managedFields that give its owners their fields back.
- apiGroups: [apps]
  resources: [deployments]
  verbs: [get, list, watch, patch]
# list: the revisions of a Deployment whose template changed.
- apiGroups: [apps]
  resources: [replicasets]
  verbs: [list]
# The templates that were proven good. create: keeping a template that became good. get: the live read of the target before
# a rollback is carried out. list, delete: of the kept ones, removing those that no rollback can need any more.
- apiGroups: [apps]
  resources: [controllerrevisions]
  verbs: [get, list, create, delete]
# list: the pods of a revision while it is judged, for the rollout check and to ask each of them by HTTP.
- apiGroups: [""]
  resources: [pods]
  verbs: [list]
# get: the ConfigMap that a Deployment names in lastgood.dev/config-map.
- apiGroups: [""]
  resources: [configmaps]
  verbs: [get]
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
# made of the same intent, or our own whose answer was lost.
- apiGroups: [lastgood.dev]
  resources: [rollbacks]
  verbs: [get, list, watch, create]
# patch: what is known and what was done, as status.
- apiGroups: [lastgood.dev]
  resources: [rollbackpolicies/status, deploymentguards/status, rollbacks/status]
  verbs: [patch]
{{- end }}
