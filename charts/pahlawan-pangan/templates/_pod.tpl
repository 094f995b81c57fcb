{{- define "pahlawan.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
seccompProfile: { type: RuntimeDefault }
# A flow that the network has forgotten (a node is gone, a router began anew) ends within 11 s, not two hours: a sidecar asks placement nothing by
# itself, and would go by its old table (ADR 0012). Safe sysctls, of the pod alone.
sysctls:
  - { name: net.ipv4.tcp_keepalive_time, value: '5' }
  - { name: net.ipv4.tcp_keepalive_intvl, value: '2' }
  - { name: net.ipv4.tcp_keepalive_probes, value: '3' }
{{- end }}

{{- define "pahlawan.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities: { drop: [ALL] }
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{/* What every pod of ours has, the jobs' too. */}}
{{- define "pahlawan.podBasics" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext: {{- include "pahlawan.podSecurity" . | nindent 2 }}
{{- with .Values.image.pullSecrets }}
imagePullSecrets: {{- range . }}{{ printf "\n  - name: %q" . }}{{ end }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "pahlawan.probes" -}}
startupProbe:
  httpGet: { path: /healthz, port: http }
  periodSeconds: 1
  failureThreshold: 60
livenessProbe:
  httpGet: { path: /healthz, port: http }
  periodSeconds: 5
  timeoutSeconds: 2
  failureThreshold: 3
readinessProbe:
  httpGet: { path: /readyz, port: http }
  periodSeconds: 2
  timeoutSeconds: 3
  failureThreshold: 2
{{- end }}

{{/* A change of this or of the Resiliency comes with new pods, a few at a time: all sidecars reloading let all cells go at once (ADR 0015). */}}
{{- define "pahlawan.daprConfiguration" -}}
features: [{ name: HotReload, enabled: false }]
metrics: { enabled: {{ .Values.dapr.metrics }} }
tracing:
  samplingRate: {{ .Values.dapr.tracing.samplingRate | quote }}
  {{- with .Values.dapr.tracing.otelEndpoint }}
  otel: { endpointAddress: {{ . | quote }}, isSecure: false, protocol: grpc }
  {{- end }}
{{- end }}

{{- define "pahlawan.daprResiliency" -}}
{{- (.Files.Get "files/dapr/resiliency.yaml" | fromYaml).spec | toYaml }}
{{- end }}

{{/* { root, appId, blockShutdown }: the same numbers as dev/stack/infrastructure/dapr.ts, a test compares them. */}}
{{- define "pahlawan.daprAnnotations" -}}
{{- $dapr := .root.Values.dapr -}}
dapr.io/enabled: 'true'
pahlawan-pangan/dapr-objects: {{ printf "%s\n%s" (include "pahlawan.daprConfiguration" .root) (include "pahlawan.daprResiliency" .root) | sha256sum }}
dapr.io/app-id: {{ .appId }}
dapr.io/app-port: '8080'
dapr.io/app-protocol: http
dapr.io/config: {{ include "pahlawan.name" .root }}
dapr.io/enable-app-health-check: 'true'
dapr.io/app-health-check-path: /healthz
dapr.io/app-health-probe-interval: '1'
dapr.io/app-health-probe-timeout: '500'
dapr.io/app-health-threshold: '2'
dapr.io/graceful-shutdown-seconds: '2'
{{- with .blockShutdown }}
dapr.io/block-shutdown-duration: {{ . }}
{{- end }}
dapr.io/api-token-secret: {{ .root.Values.secrets.daprApiToken.existingSecret | quote }}
dapr.io/app-token-secret: {{ .root.Values.secrets.appApiToken.existingSecret | quote }}
dapr.io/disable-builtin-k8s-secret-store: 'true'
dapr.io/log-as-json: 'true'
dapr.io/log-level: {{ $dapr.logLevel }}
{{- with $dapr.sidecarEnv }}
dapr.io/env: {{ . | quote }}
{{- end }}
dapr.io/sidecar-seccomp-profile-type: RuntimeDefault
dapr.io/sidecar-cpu-request: {{ $dapr.sidecarResources.requests.cpu | quote }}
dapr.io/sidecar-memory-request: {{ $dapr.sidecarResources.requests.memory | quote }}
dapr.io/sidecar-cpu-limit: {{ $dapr.sidecarResources.limits.cpu | quote }}
dapr.io/sidecar-memory-limit: {{ $dapr.sidecarResources.limits.memory | quote }}
{{- end }}

{{/* { name, secret }: a variable from a Secret */}}
{{- define "pahlawan.secretEnv" -}}
- name: {{ .name }}
  valueFrom: { secretKeyRef: { name: {{ .secret.existingSecret | quote }}, key: {{ .secret.key | default "token" | quote }} } }
{{- end }}

{{/* { NAME: value }; numbers from files are floats, and a million of them would be written 1e+06 */}}
{{- define "pahlawan.plainEnv" -}}
{{- range $name, $value := . }}
{{- if and (kindIs "float64" $value) (eq (floor $value) $value) }}{{ $value = int64 $value }}{{ end }}
- { name: {{ $name }}, value: {{ $value | toString | quote }} }
{{- end }}
{{- end }}
