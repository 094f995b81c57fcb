# Four words for docs/runbooks/, on the stack of `make run METRICS=1`. In the checkout: . dev/runbook.sh

# ask "promql": what Prometheus answers, a line per series
ask() {
  curl -sG http://127.0.0.1:27270/api/v1/query --data-urlencode "query=$1" | node -e '
    const { data, error } = JSON.parse(fs.readFileSync(0));
    if (error) throw new Error(error);
    for (const { metric, value } of data.result) console.log(value[1], JSON.stringify(metric));
    if (data.result.length === 0) console.log("nothing");'
}

# pid name: the process of that name (make status lists them)
pid() { make -s status | awk -v name="$1" '$1 == name { print $2 }'; }

# sql "statement": as the owner of the schema
sql() { PGCONNECT_TIMEOUT=3 psql -X "$(node -p 'JSON.parse(fs.readFileSync(".run/env.json")).MIGRATION_DATABASE_URL')" -c "$1"; }

# post n: n donors post half a kilogram each, from a spot beside their door that no travel time is known from
post() (
  api=http://127.0.0.1:8080
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
