# One word for each thing. `make help` lists them.
NODE := node_modules/.bin/node
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
WITH_ENV := $(NODE) dev/stack/withEnv.ts

.DEFAULT_GOAL := help
.PHONY: help setup run stop reset status token operator-link seed simulate replay dlq receipt test faults faults-mutants simulation check fmt bench bench-quick compare flame \
  soak rolling overload takeover scaling failover redis-away test-s3 test-chart chart-readme test-k8s k8s test-traces image test-image scale alerts-fire runbooks screens map

help: ## this list
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):[^#]*## /  make \1\t/' | expand -t 20

setup: ## everything the machine needs; seconds when nothing changed
	@dev/setup

run: setup ## the whole stack in the foreground (ACK_TIMEOUT_SECONDS=8 CITY=jakarta PROCESSES=actor-host=2,api=2 TRACES=1 METRICS=1); Ctrl-C stops it
	@exec $(NODE) dev/stack/run.ts

stop: ## stop the stack
	@$(NODE) dev/stack/stop.ts

reset: ## stop the stack and delete its data
	@$(NODE) dev/stack/stop.ts --delete-data

status: ## what runs
	@$(NODE) dev/stack/status.ts

token: ## print a token: make -s token ROLE=donor ORG=<id> (an operator has no ORG)
	@ROLE='$(ROLE)' ORG='$(ORG)' $(WITH_ENV) dev/issuer/token.ts

operator-link: ## print a one-time link that signs an operator in: make -s operator-link OPERATOR=<name>
	@OPERATOR='$(OPERATOR)' $(WITH_ENV) services/api/firstOperator.ts

seed: ## put a city's donors and recipients in: make seed CITY=helsinki|jakarta
	@$(WITH_ENV) data/seed.ts --city '$(or $(CITY),helsinki)'

simulate: ## play an evening
	@$(WITH_ENV) dev/simulate/main.ts $(ARGS)

map: ## Helsinki's streets under the lots anew, from the extract of its roads: data/helsinki/streets.pmtiles
	@MAP=1 dev/setup
	@dev/map/make

replay: setup ## evenings through the pure core: greedy, ours, hindsight optimum (CITY=jakarta SEED=1 SEEDS=5 DONORS=100 OFFLINE=0 OUT=file)
	@$(NODE) dev/replay/main.ts

dlq: ## dead letters: make dlq ARGS="list" | "replay <id>" | "discard <id>"
	@$(WITH_ENV) dev/dlq/main.ts $(ARGS)

receipt: ## check a donor's receipt offline: make receipt RECEIPT=receipt.jws KEYS=jwks.json CSV=report.csv (docs/receipts.md)
	@$(NODE) dev/receipt/check.ts --receipt '$(RECEIPT)' --keys '$(KEYS)' --csv '$(CSV)'

test: export METRICS := 1
# the screens' own tests, and all together, need a Chromium; one file of another room doesn't
test: export BROWSER := $(if $(filter-out test/web/%,$(FILE)),,1)
test: setup ## static checks, a quick bench, then all tests on real servers; make test FILE=test/cell/cell.test.ts runs one file alone
	@$(if $(FILE),,npm run -s check)
	@$(if $(FILE),,$(NODE) loadtest/run.ts --quick)
	@exec $(NODE) dev/testing/run.ts $(FILE)

test-traces: setup ## one trace from the request to the push, read back from Jaeger; builds Jaeger once
	@exec $(NODE) --test --test-reporter=spec test/traces/jaegerChecks.ts

test-s3: setup ## photos in a real S3 server (versitygw), built once; not part of make test
	@exec $(NODE) --test --test-reporter=spec test/objects/s3Checks.ts

test-chart: setup ## the Helm chart: lint, its suites, kubeconform over every value set of ci, its schema, what it renders; builds its tools once
	@exec test/chart/run

image: setup ## the container image, by buildah: TAG=pahlawan-pangan:dev BASE_IMAGE=node:24-slim; needs buildah (and debootstrap)
	@IMAGE=1 dev/setup
	@dev/image/build

test-image: image ## every process from the image's tree, unprivileged, on a root that can't be written
	@exec $(NODE) --test --test-reporter=spec test/image/imageChecks.ts

test-k8s k8s: export METRICS := 1
chart-readme: setup ## make the chart's README from its values
	@test/chart/run readme

test-k8s: setup ## the chart on a real control plane: accepted, installed, scaled, rolled, gone; builds its programs once (RECORD=1 keeps the picture; ONLY=pods: mode hpa alone)
	@RECORD='$(RECORD)' ONLY='$(ONLY)' SEED='$(SEED)' exec $(NODE) test/k8s/run.ts

k8s: setup ## that control plane in the foreground, to install the chart by hand (k8s/README.md); Ctrl-C throws it away
	@exec $(NODE) test/k8s/hold.ts

faults: setup ## kill, hang and empty everything under load, then check every law: make faults SEED=7 MINUTES=5 (CITY RATE ACK_SECONDS=60 KINDS=stop,throttle KEEP=1)
	@SEED='$(SEED)' MINUTES='$(MINUTES)' CITY='$(CITY)' RATE='$(RATE)' ACK_SECONDS='$(ACK_SECONDS)' KINDS='$(KINDS)' KEEP='$(KEEP)' MUTANT='$(MUTANT)' $(NODE) test/faults/run.ts

faults-mutants: setup ## plant each bug of test/faults/mutants.ts and see which law catches it (MUTANTS=fence,commands SEED=1); fifty minutes for all
	@MUTANTS='$(MUTANTS)' SEED='$(SEED)' $(NODE) test/faults/runMutants.ts

simulation: setup ## evenings of the pure core on a fake clock, network and stores, one a seed: make simulation FIRST=20001 COUNT=1000 (TRACE=1 tells the first that breaks a law)
	@TRACE='$(TRACE)' $(NODE) test/simulation/play.ts '$(or $(FIRST),1)' '$(or $(COUNT),1000)'

alerts-fire: export METRICS := 1
alerts-fire: setup ## break a stack of its own in every way the alerts know; each must fire: make alerts-fire ALERTS=HotCell,OutboxLag; 15 minutes
	@ALERTS='$(ALERTS)' $(NODE) test/alerts/fire.ts

runbooks: export METRICS := 1
runbooks: setup ## break a stack of its own, follow each runbook to the letter, wait until its alert ends: make runbooks ALERTS=HotCell; 40 minutes
	@ALERTS='$(ALERTS)' $(NODE) test/alerts/follow.ts

failover: setup ## how long a cell is silent when a process of its owner's side dies or hangs
	@$(NODE) test/faults/failover.ts

redis-away: setup ## what people notice when Redis is silent, slow, dead, emptied or full
	@$(NODE) test/faults/redisAway.ts

rolling: setup ## restart every process at half load, no request may fail: make rolling SEED=7 (RATE=requests a second, KINDS=api,worker; KINDS=postgres)
	@SEED='$(SEED)' RATE='$(RATE)' KINDS='$(KINDS)' $(NODE) test/survival/rolling.ts

overload: setup ## posts at twice what can be done: make overload SEED=7 SECONDS=30
	@SEED='$(SEED)' SECONDS='$(SECONDS)' $(NODE) test/survival/overload.ts

takeover: setup ## kill and hang cells' owners, and time the successor: make takeover SEED=7 KILLS=20 HANGS=20
	@SEED='$(SEED)' KILLS='$(KILLS)' HANGS='$(HANGS)' $(NODE) test/survival/takeover.ts

scaling: setup ## actor hosts come and go under load, no request may fail: make scaling HOSTS=1,2,4,8 SEED=7 RATE=10 (stories a second)
	@SEED='$(SEED)' RATE='$(RATE)' HOSTS='$(HOSTS)' $(NODE) test/survival/scaling.ts

screens: export BROWSER := 1
screens: setup ## pictures of every screen in both languages, into docs/screens
	@npm run -s screens

check: setup ## the static checks
	@npm run -s check

fmt: setup ## format everything
	@npm run -s fmt

bench: setup ## speed, measured on a stack of its own beside what it is compared with (SEED=1); 10 minutes, loadtest/README.md
	@exec $(NODE) loadtest/run.ts --seed '$(or $(SEED),1)'

bench-quick: setup ## the same in a minute of measuring; less exact
	@exec $(NODE) loadtest/run.ts --quick --seed '$(or $(SEED),1)'

compare: setup ## this tree and another commit, by turns: make compare BASE=HEAD~1 LOADS='200/s 500/s 512 2000 512@20' ROUNDS=3 SECONDS=12
	@BASE='$(BASE)' LOADS='$(LOADS)' ROUNDS='$(ROUNDS)' SECONDS='$(SECONDS)' exec $(NODE) loadtest/compare/main.ts

flame: setup ## where a post's CPU goes, as a flame graph: make flame LOAD=500/s SECONDS=20 OUT=docs/flame.svg
	@LOAD='$(LOAD)' SECONDS='$(SECONDS)' OUT='$(OUT)' $(NODE) loadtest/flame/main.ts

scale: setup ## recompute docs/scale.md: make scale RESULT=loadtest/results/<date>.json
	@RESULT='$(RESULT)' $(NODE) loadtest/scale/main.ts

soak: setup ## does anything grow while whole stories are played: make soak MINUTES=10 RATE=30 (stories a second)
	@SEED='$(SEED)' MINUTES='$(MINUTES)' RATE='$(RATE)' $(NODE) test/survival/soak.ts
