# Words for docs/runbooks/, on the chart's release `pahlawan` in the namespace `rescue` (charts/README.md). In the checkout: . k8s/runbook.sh
# NAMESPACE, RELEASE and PROMETHEUS (<namespace>/services/<name>:<port>) say where else. It needs kubectl and Node 24.

# ask "promql": what Prometheus answers, a line per series; by way of the API server, so nothing has to be forwarded
ask() {
  kubectl get --raw "/api/v1/namespaces/${PROMETHEUS:-monitoring/services/prometheus-operated:9090}/proxy/api/v1/query?query=$(
    node -p 'encodeURIComponent(process.argv[1])' "$1"
  )" | node k8s/runbook/series.ts
}

# sql "statement": as the role of our processes, in a relay: the image has Node, and neither a shell nor psql
sql() { in_pod relay k8s/runbook/sql.ts "$1"; }

# one "statement": the one thing it asks for
one() { sql "$1" | sed -n 2p; }

# operate METHOD /v1/… … [json]: what an operator may ask of the api, in one of its pods. Without config.publicUrl end it with TOKEN=…
operate() { in_pod api k8s/runbook/operate.ts "$@"; }

in_pod() {
  local component=$1 program=$2
  shift 2
  kubectl -n "${NAMESPACE:-rescue}" exec -i "deployment/${RELEASE:-pahlawan}-pahlawan-pangan-$component" -c "$component" -- \
    node --input-type=module-typescript - "$@" <"$program"
}
