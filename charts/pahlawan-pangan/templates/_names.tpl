{{- define "pahlawan.name" -}}
{{- $name := .Release.Name -}}
{{- if not (contains .Chart.Name $name) -}}{{- $name = printf "%s-%s" $name .Chart.Name -}}{{- end -}}
{{- $name | trunc 40 | trimSuffix "-" -}}
{{- end }}

{{- define "pahlawan.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{/* What all pods of the release have. */}}
{{- define "pahlawan.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* { root, component } */}}
{{- define "pahlawan.labels" -}}
{{ include "pahlawan.selector" .root }}
app.kubernetes.io/component: {{ .component }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{/* Every worker group, with its deployment's name; each role must be played. */}}
{{- define "pahlawan.checkRoles" -}}
{{- $played := list -}}
{{- range .Values.worker.groups }}{{ $played = concat $played .roles }}{{ end -}}
{{- range list "sweep" "rematch" "escalate" "notify" "keep" "housekeep" -}}
{{- if not (has . $played) }}{{ fail (printf "worker.groups: nobody plays the role %s" .) }}{{ end -}}
{{- end -}}
{{- end }}
