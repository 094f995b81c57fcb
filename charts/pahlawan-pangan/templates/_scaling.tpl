{{/* Of the actor hosts and of the api alike. */}}
{{- define "pahlawan.scalingBehaviour" -}}
{{- $up := .Values.autoscaling.behavior.scaleUp -}}
{{- $down := .Values.autoscaling.behavior.scaleDown -}}
scaleUp:
  stabilizationWindowSeconds: {{ $up.stabilizationSeconds }}
  selectPolicy: Max
  policies:
    - { type: Percent, value: {{ $up.percent }}, periodSeconds: {{ $up.periodSeconds }} }
    - { type: Pods, value: {{ $up.pods }}, periodSeconds: {{ $up.periodSeconds }} }
scaleDown:
  stabilizationWindowSeconds: {{ $down.stabilizationSeconds }}
  policies:
    - { type: Percent, value: {{ $down.percent }}, periodSeconds: {{ $down.periodSeconds }} }
{{- end }}
