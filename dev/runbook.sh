# Words for docs/runbooks/, on the stack of `make run METRICS=1`. In the checkout: . dev/runbook.sh
RUN=${RUN_DIR:-.run}
PATH=$PWD/node_modules/.bin:$PATH

# port name: where it listens; `relay`, `nats.monitor`, `api.daprd.http`
port() { node -p 'JSON.parse(fs.readFileSync(process.argv[1]))[process.argv[2]] ?? 0' "$RUN/ports.json" "$1"; }

# ask "promql": what Prometheus answers, a line per series
ask() { curl -sSG "http://127.0.0.1:$(port prometheus)/api/v1/query" --data-urlencode "query=$1" | node k8s/runbook/series.ts; }

# pid name…: the processes of that name (make status lists them), and none when there are none
pid() { make -s status | awk -v names=" $* " 'index(names, " " $1 " ") && $2 ~ /^[0-9]+$/ { print $2 }'; }

# look name…: is it there, and is it stopped (T)?
look() {
  local pids
  pids=$(pid "$@" | paste -sd,)
  if [ -n "$pids" ]; then ps -o pid,ni,pcpu,stat,args --cols 120 -p "$pids"; else echo "no process $*"; fi
}

# log name: the end of what it said
log() { tail -n "${2:-10}" "$RUN/logs/$1.log" | cut -c 1-400; }

# sql "statement": as the owner of the schema
sql() {
  PGCONNECT_TIMEOUT=3 psql -X "${@:2}" "$(node -p 'JSON.parse(fs.readFileSync(process.argv[1])).MIGRATION_DATABASE_URL' "$RUN/env.json")" -c "$1"
}

# one "statement": the one thing it asks for
one() { sql "$1" -At; }

# operate METHOD /v1/… … [json]: what an operator may ask of the api
operate() { node dev/stack/withEnv.ts k8s/runbook/operate.ts "$@"; }

# post n: n donors post half a kilogram each, from a spot beside their door that no travel time is known from
post() (
  api=http://127.0.0.1:$(port api)
  operator=$(make -s token ROLE=operator)
  curl -s "$api/v1/donors?limit=${1:-1}" -H "Authorization: Bearer $operator" |
    node -e 'for (const { id, location: { lat, lon } } of JSON.parse(fs.readFileSync(0)).items)
      console.log(id, (lat + Math.random() / 500).toFixed(6), (lon + Math.random() / 500).toFixed(6))' |
    while read -r donor lat lon; do
      token=$(make -s token ROLE=donor ORG="$donor" </dev/null)
      curl -s "$api/v1/surplus" -H "Authorization: Bearer $token" -H 'Content-Type: application/json' \
        -H "Idempotency-Key: runbook-$(date +%s%N)" -w '\n%{http_code} %{time_total}\n' \
        -d "{\"category\":\"bakery\",\"quantityGrams\":500,\"storage\":\"ambient\",\"safeUntil\":\"$(date -u -d '+3 hours' +%Y-%m-%dT%H:%M:%SZ)\",\"location\":{\"lat\":$lat,\"lon\":$lon}}" |
        node -e 'const [body, last] = fs.readFileSync(0, "utf8").split("\n");
          const [status, seconds] = last.split(" "); const { state, offer, title } = JSON.parse(body || "{}");
          console.log(status, `${(seconds * 1000).toFixed(0)} ms`, state ?? title, offer ? `travel by ${offer.travelSource}` : "")'
    done
)
