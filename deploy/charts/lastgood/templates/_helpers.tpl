{{/*
The name of all objects: the name of the Helm release. It gets the suffix "-lastgood" if it does not
have "lastgood" in it. At most 50 characters.
*/}}
{{- define "lastgood.name" -}}
{{- if contains "lastgood" .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-lastgood" .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{- define "lastgood.selectorLabels" -}}
app.kubernetes.io/name: lastgood
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "lastgood.labels" -}}
{{ include "lastgood.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name (.Chart.Version | replace "+" "_") }}
{{- end }}

{{/*
The folder in the container with the credentials of prometheus.address, one file for each key.
*/}}
{{- define "lastgood.credentialsFolder" -}}
{{- if not .Values.prometheus.address -}}
{{- fail "prometheus.credentialsSecret needs prometheus.address: the credentials are sent only there" -}}
{{- end -}}
/etc/lastgood/prometheus-credentials
{{- end }}

{{/*
The file in the container with the bearer token that Alertmanager must send.
*/}}
{{- define "lastgood.alertsTokenFile" -}}
{{- if not .Values.alertReceiver.tokenSecret -}}
{{- fail "alertReceiver.enabled needs alertReceiver.tokenSecret: without a token, anybody could send alerts" -}}
{{- end -}}
/etc/lastgood/alerts/token
{{- end }}
