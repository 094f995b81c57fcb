{{/*
{ root, component, suffix, values, main, env: { NAME: value }, secrets: { NAME: reference }, graceSeconds }, and perhaps
{ replicas (none: an autoscaler's), roles, appId, blockShutdown, sidecarFirst, mapClaim }
*/}}
{{- define "pahlawan.deployment" -}}
{{- $root := .root -}}
{{- $name := printf "%s-%s" (include "pahlawan.name" $root) .suffix -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ $name }}
  labels: {{- include "pahlawan.labels" . | nindent 4 }}
spec:
  {{- with .replicas }}
  replicas: {{ . }}
  {{- end }}
  revisionHistoryLimit: 3
  selector:
    matchLabels: {{- include "pahlawan.podLabels" . | nindent 6 }}
  # A host that joins makes every other pause for an instant: a few at a time.
  strategy: { type: RollingUpdate, rollingUpdate: { maxSurge: 10%, maxUnavailable: 0 } }
  template:
    metadata:
      labels:
        {{- include "pahlawan.podLabels" . | nindent 8 }}
        {{- if .appId }}
        pahlawan-pangan/dapr: 'true'
        {{- end }}
      {{- if .appId }}
      annotations: {{- include "pahlawan.daprAnnotations" . | nindent 8 }}
      {{- end }}
    spec:
      {{- include "pahlawan.podBasics" $root | nindent 6 }}
      terminationGracePeriodSeconds: {{ .graceSeconds }}
      topologySpreadConstraints:
        {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
        - maxSkew: 1
          topologyKey: {{ . }}
          whenUnsatisfiable: {{ $root.Values.topologySpread.whenUnsatisfiable }}
          labelSelector:
            matchLabels: {{- include "pahlawan.podLabels" $ | nindent 14 }}
          matchLabelKeys: [pod-template-hash]
        {{- end }}
      containers:
        - name: {{ .component }}
          image: {{ include "pahlawan.image" $root }}
          imagePullPolicy: {{ $root.Values.image.pullPolicy }}
          command: [node, {{ .main }}]
          {{- with .roles }}
          args: [{{ printf "--roles=%s" (join "," .) | quote }}]
          {{- end }}
          ports:
            - { name: http, containerPort: 8080 }
          env:
            - { name: APP_PORT, value: '8080' }
            - { name: HOST, value: 0.0.0.0 }
            - { name: LOG_LEVEL, value: {{ $root.Values.config.logLevel }} }
            {{- with $root.Values.config.traces }}
            {{- if .endpoint }}
            - { name: OTEL_EXPORTER_OTLP_ENDPOINT, value: {{ .endpoint | quote }} }
            - { name: OTEL_TRACES_SAMPLER_ARG, value: {{ .share | quote }} }
            {{- end }}
            {{- end }}
            {{- include "pahlawan.plainEnv" .env | indent 12 }}
            {{- range $variable, $secret := .secrets }}
            {{- include "pahlawan.secretEnv" (dict "name" $variable "secret" $secret) | nindent 12 }}
            {{- end }}
          {{- include "pahlawan.probes" $root | nindent 10 }}
          {{- if .sidecarFirst }}
          lifecycle:
            preStop:
              exec:
                command: [node, --input-type=module, -e, {{ $root.Files.Get "files/sidecarFirst.mjs" | toJson }}]
          {{- end }}
          resources: {{- toYaml .values.resources | nindent 12 }}
          securityContext: {{- include "pahlawan.containerSecurity" $root | nindent 12 }}
          {{- if .mapClaim }}
          volumeMounts:
            - { name: map, mountPath: /map, readOnly: true }
          {{- end }}
      {{- with .mapClaim }}
      volumes:
        - { name: map, persistentVolumeClaim: { claimName: {{ . | quote }}, readOnly: true } }
      {{- end }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ $name }}
  labels: {{- include "pahlawan.labels" . | nindent 4 }}
spec:
  maxUnavailable: {{ .values.pdb.maxUnavailable }}
  selector:
    matchLabels: {{- include "pahlawan.podLabels" . | nindent 6 }}
{{- end }}

{{/* What a deployment's pods are found by: worker groups differ in `group` alone. */}}
{{- define "pahlawan.podLabels" -}}
{{ include "pahlawan.selector" .root }}
app.kubernetes.io/component: {{ .component }}
{{- if .roles }}
pahlawan-pangan/group: {{ .group }}
{{- end }}
{{- end }}
