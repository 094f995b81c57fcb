// Nothing is built of it: the kinds ServiceMonitor and PrometheusRule are read from the module's folder.
module pahlawan-pangan/test/k8s/crds

go 1.26

require github.com/prometheus-operator/prometheus-operator v0.85.0
