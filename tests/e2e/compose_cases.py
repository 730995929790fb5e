"""Applications as teams write them, for the comparison with Docker Compose: files by path, and what is named.

A case is the text of `compose.yml`, or a mapping of paths to texts; `FILES` says which are merged, where not that one.
"""

# ruff: noqa: E501  # a service on a line reads better than a line of any length

VALUES = {"TAG": "7", "EMPTY": "", "PORT": "8001", "NAME": "from-environment"}
VALUES |= {"COMPOSE_PROFILES": "ci,unknown,fast,p", "ZERO": "0"}

CASES: dict[str, str | dict[str, str]] = {
    "images and builds": """
services:
  a: { image: "a:${TAG}" }
  b: { build: . }
  c: { build: { context: ., dockerfile: Dockerfile }, image: c }
""",
    "ports, short": """
services:
  a:
    image: a
    ports: [80, "81", "8080:80", "127.0.0.1:8081:81", "127.0.0.1::82", "[::1]:83:83", "84:84/udp", "90-92:90-92"]
  b: { image: b, ports: ["100-102:100", "9000-9001", "0:5000", "0.0.0.0:85:85", "${PORT}:1", "${PORT}:1/udp"] }
""",
    "ports, long": """
services:
  a:
    image: a
    ports:
      - { target: 80 }
      - { target: 81, published: 8081 }
      - { target: 82, published: "8082", host_ip: 127.0.0.1, protocol: udp, mode: host }
      - { target: 83, published: "8083-8085", app_protocol: http, name: web }
      - { target: 84, host_ip: 127.0.0.1 }
""",
    "ports, every form": """
services:
  a: { image: a, ports: [":8101:80", "::81", ":82", "::1:8102:83", "[::1]:8103:84", "8104:85/", "8105:86/UDP", "127.0.0.1:8106-8107:87-88", ":::8108:89"] }
  b: { image: b, ports: [0x51, 0o120, 0123, 8_080, 0b1010, "0123:7", "fd00::7:8109-8110:8-9/udp", ":8111-8113:90", "::1::91"] }
  c: { image: c, ports: [{ target: 0x50, published: 0x1F90 }, { target: "81", published: "8114" }, { target: 82, published: 0b11, host_ip: "::1" }] }
  d: { image: d, ports: ["${EMPTY}:${PORT}:80", "${BIND:-}:${NONE:-8115}:81", "${NAMELESS:-}::82", "${EMPTY}${TAG}"] }
""",
    "the same port twice": 'services: { a: { image: a, ports: ["80:80", "80:80", "80:80/tcp", "80:80/udp"] } }\n',
    "volumes, short": """
services:
  a: { image: a, volumes: ["data:/data", "./src:/src:ro", "/abs:/abs", "/anonymous", "~/home:/home", "more:/more:rw,z", "v:/v"] }
volumes: { data: , more: { driver: local } }
""",
    "volumes, long": """
services:
  a:
    image: a
    volumes:
      - { type: volume, source: data, target: /data, volume: { nocopy: true } }
      - { type: bind, source: ., target: /src }
      - { type: tmpfs, target: /tmp }
      - { type: volume, target: /anonymous }
volumes: { data: { name: "data-${TAG}" }, ext: { external: true }, ext2: { external: true, name: other } }
""",
    "networks": """
services:
  a: { image: a, networks: [front, back] }
  b: { image: b, networks: { front: { aliases: [bee, b.example] }, back: , default: { priority: 1 } } }
  c: { image: c }
  d: { image: d, network_mode: host }
  e: { image: e, network_mode: "service:a" }
  f: { image: f, network_mode: none }
networks:
  front:
  back: { internal: true, name: "back-${NAME}" }
  unused: { internal: "true" }
  ext: { external: true }
  ext2: { external: true, name: there }
""",
    "a default network with a name": """
services: { a: { image: a } }
networks: { default: { name: shared, external: true } }
""",
    "a default network that is internal": "services: { a: { image: a } }\nnetworks: { default: { internal: true } }\n",
    "no networks but one": "services: { a: { image: a, networks: [n] } }\nnetworks: { n: {} }\n",
    "depends_on": """
services:
  a: { image: a, depends_on: [b, c] }
  b: { image: b, depends_on: { c: { condition: service_healthy }, d: { condition: service_completed_successfully } } }
  c: { image: c, healthcheck: { test: [CMD, "true"] }, links: [d, "d:dee"] }
  d: { image: d }
  e: { image: e, volumes_from: ["a:ro"], ipc: "service:b", pid: "service:c" }
  f: { image: f, depends_on: { a: { condition: service_started, required: false, restart: true } } }
  g: { image: g, network_mode: "service:f" }
""",
    "environment": """
services:
  a: { image: a, environment: { A: 1, B: on, C: , D: "", E: 1.5, F: "${TAG}", H: null, J: "x=y", K: true } }
  b: { image: b, environment: [A=1, B, C=, "D=x=y", "E=${EMPTY:-e}", "F=a: b", NAME] }
""",
    "env files": {
        "compose.yml": """
services:
  a: { image: a, env_file: one.env, environment: { B: own, N: } }
  b: { image: b, env_file: [one.env, two.env] }
  c: { image: c, env_file: [{ path: two.env }, { path: missing.env, required: false }] }
""",
        "one.env": "# a comment\nA=1\nB=2\nexport C='three four'\nE=\"x ${TAG}\"\n",
        "two.env": "A=2\nD=${A}\nF=\n",
    },
    "healthchecks": """
services:
  a: { image: a, healthcheck: { test: curl localhost, interval: 1s } }
  b: { image: b, healthcheck: { test: [CMD-SHELL, "exit 0"] } }
  c: { image: c, healthcheck: { disable: true } }
  d: { image: d, healthcheck: { test: [NONE] } }
  e: { image: e, healthcheck: { interval: 5s } }
  f: { image: f }
""",
    "profiles": """
services:
  a: { image: a, profiles: [test] }
  b: { image: b, profiles: ["test", dev], depends_on: [a] }
  c: { image: c, profiles: [] }
""",
    "profiles and optional dependencies": """
services:
  app: { image: app, depends_on: { debug: { condition: service_started, required: false }, db: { condition: service_healthy } } }
  db: { image: db, healthcheck: { test: [CMD, "true"] } }
  debug: { image: debug, profiles: [debug], depends_on: { more: { condition: service_started, required: true } } }
  more: { image: more, profiles: [debug] }
  on: { image: on, profiles: [ci, other], depends_on: { too: { condition: service_started, required: false }, off: { condition: service_started, required: false } } }
  too: { image: too, profiles: [ci] }
  off: { image: off, profiles: [debug] }
""",
    "no containers": """
services:
  app: { image: app, depends_on: { zero: { condition: service_healthy }, none: { condition: service_completed_successfully } } }
  zero: { image: zero, deploy: { replicas: 0 }, depends_on: [after] }
  none: { image: none, scale: 0 }
  by-variable: { image: v, scale: "${ZERO}" }
  by-default: { image: v, deploy: { replicas: "${COPIES:-0}" } }
  hexadecimal: { image: v, scale: 0x0 }
  ten: { image: v, scale: 10 }
  one: { image: v, deploy: { replicas: "${COPIES:-1}" } }
  after: { image: after }
""",
    "names": """
services:
  a: { image: a, container_name: "a-${TAG}", hostname: host-a, domainname: d, restart: always }
  b: { image: b, container_name: bb, extra_hosts: ["x:1.2.3.4", "y=host-gateway"], restart: "no" }
  c: { image: c, extra_hosts: { z: 1.2.3.4, w: host-gateway }, restart: "on-failure:3" }
""",
    "interpolation": """
services:
  a: { image: "${IMAGE:-a}:${TAG:?set it}", container_name: "${EMPTY-x}yy", hostname: "${EMPTY:-h}", environment: { A: "$$TAG" } }
  b: { image: "b${NAME:+-named}${NONE:+-none}", environment: { "A": "${NONE}", B: "${NONE:-${TAG}}", C: "${EMPTY:+x}" } }
""",
    "anchors and merge keys": """
x-base: &base { image: base, environment: &env { A: 1, B: 2 }, restart: always }
x-more: &more { hostname: h, image: more }
services:
  a: { <<: *base, container_name: aa }
  b: { <<: [*base, *more], environment: { <<: *env, B: 3 } }
  c: { image: c, environment: *env }
""",
    "extends a sibling": """
services:
  base: { image: base, environment: { A: 1, B: 2 }, ports: ["80:80"], volumes: ["vol:/v"], profiles: [p], networks: [n] }
  a: { extends: base, environment: [B=3], ports: ["81:81"], depends_on: [b] }
  b: { extends: { service: base }, image: b, container_name: bb }
  c: { extends: a, hostname: c }
volumes: { vol: }
networks: { n: }
""",
    "extends a file": {
        "compose.yml": """
services:
  a: { extends: { file: lib/common.yml, service: web }, environment: { B: own } }
  b: { extends: { file: lib/common.yml, service: job }, image: b }
""",
        "lib/common.yml": """
services:
  web: { extends: { service: job }, environment: { A: "${TAG}", B: 2 }, healthcheck: { test: [CMD, "true"] } }
  job: { build: ., env_file: job.env, restart: "no", labels: [l=1] }
""",
        "lib/job.env": "FROM_FILE=1\n",
    },
    "include": {
        "compose.yml": """
include:
  - db/compose.yml
  - { path: [cache/compose.yml, cache/more.yml], project_directory: cache }
services:
  a: { image: a, depends_on: [db, cache] }
""",
        "db/compose.yml": 'services: { db: { image: "db:${VERSION:-none}", volumes: ["data:/data"] } }\nvolumes: { data: }\n',
        "db/.env": "VERSION=16\n",
        "cache/compose.yml": "services: { cache: { image: c, networks: [inner] } }\nnetworks: { inner: { internal: true } }\n",
        "cache/more.yml": "services: { cache: { hostname: more, environment: { A: 1 } } }\n",
    },
    "include with its own variables": {
        "compose.yml": """
include:
  - { path: a/compose.yml, env_file: one.env }
  - { path: [b/compose.yml, b/more.yml], env_file: [one.env, sub/two.env], project_directory: sub }
  - { path: c/compose.yml, env_file: /dev/null }
  - { path: d/compose.yml, project_directory: sub }
  - e/compose.yml
services: { own: { image: "own:${V:-none}-${IN_OWN:-none}", environment: [V, BESIDE] } }
""",
        ".env": "BESIDE=root\nNAME=file\n",
        "one.env": "V=one\nW=${BESIDE}-${TAG}-$V\nTAG=file\n",
        "sub/two.env": "V=two\nIN_OWN=x\n",
        "sub/.env": "V=sub\n",
        "sub/x.env": "X=$V\n",
        "a/compose.yml": """
include: [{ path: inner.yml, env_file: inner.env }]
services: { a: { image: "a:${V:-none}", container_name: "a-${W:-none}", ports: ["${TAG}:80"], environment: [V, W, BESIDE, NONE] } }
""",
        "a/.env": "V=a\n",
        "a/inner.yml": 'services: { inner: { image: "inner:${V:-none}-${Z:-none}-${W:-none}", environment: { V: , Z: } } }\n',
        "a/inner.env": "V=inner\nZ=$W\n",
        "b/compose.yml": 'services: { b: { image: "b:${V}", build: . , env_file: x.env } }\n',
        "b/more.yml": 'services: { b: { hostname: "h-${V}-${W}", environment: [V] } }\n',
        "c/compose.yml": 'services: { c: { image: "c:${V:-none}", environment: [V, NAME] } }\n',
        "c/.env": "V=c\n",
        "d/compose.yml": 'services: { d: { image: "d:${V:-none}", extends: { file: base.yml, service: base } } }\n',
        "sub/base.yml": 'services: { base: { hostname: "${V}", environment: [V] } }\n',
        "d/.env": "V=d\n",
        "e/compose.yml": 'services: { e: { image: "e:${V:-none}", environment: [V] } }\n',
        "e/.env": "V='e'\n",
    },
    "interpolated names": {
        "compose.yml": """
services:
  app: { image: a, depends_on: ["${DB}"], networks: ["${NET:-default}"], volumes: ["${VOLUME:-data}:/d"] }
  b: { image: b, depends_on: { mysql: { condition: "${CONDITION:-service_started}" } }, links: ["${DB}:db"], network_mode: "${MODE:-service:app}" }
  mysql: { image: m, profiles: ["${PROFILE:-p}"] }
networks: { default: {}, n: { name: "${NET:-x}-n" } }
volumes: { data: }
""",
        ".env": "DB=mysql\n",
    },
    "variables beside the files": {
        "compose.yml": """
services:
  a: { image: "a:${STAGE}", container_name: "${PASS_PLAIN}", environment: { A: "${PASS_SINGLE}", B: "${PASS_DOUBLE}", D: "${MULTI}", E: "${ESC}" } }
  b: { image: b, environment: [STAGE, HASH, TAG, EMPTY, INHERITED], env_file: b.env }
  c: { image: c, command: "awk '{print $1}' $TAG", environment: { D: "h-$1-$TAG $ $(x)" }, env_file: [{ path: c.env, format: raw }] }
""",
        ".env": """# values as teams have them
export STAGE='ci'
PASS_SINGLE='pa$$w0rd$USERX'
PASS_DOUBLE="pa\\$word"
PASS_PLAIN=pa$STAGE
TAG=file
HASH: a#b  # comment
MULTI="line1
line2"
ESC='it\\'s'
INHERITED
""",
        "b.env": "EMPTY=file\nX=$STAGE-$HASH-$OWN-$Y\nY='$X'\nSTAGE=b\nNAME\nNONE\n",
        "c.env": "A='$TAG' # x\nNAME\nNONE\n",
    },
    "several files, ports in each": {
        "compose.yml": 'services: { a: { image: a, ports: ["8080:80", "81"], container_name: aa }, b: { image: b, ports: ["${PORT}:80"] } }\n',
        "two.yml": 'services: { a: { ports: ["8081:80"] }, b: { container_name: bb, ports: [{ target: 90, published: "${PORT}" }] } }\n',
        "over.yml": 'services: { a: { ports: !override ["8082:80"] }, b: { ports: ["9000-9001:90-91"], container_name: bbb } }\n',
    },
    "two files": {
        "compose.yml": """
services:
  a: { image: a, command: [x, y], environment: { A: 1, B: 2 }, ports: ["80:80"], depends_on: [b], networks: [n], profiles: [p] }
  b: { image: b, volumes: ["vol:/v", "vol2:/w:ro"], healthcheck: { test: [CMD, a] }, container_name: bb, extra_hosts: ["x:1.1.1.1"] }
networks: { n: }
volumes: { vol: , vol2: , other: }
""",
        "over.yml": """
services:
  a: { image: a2, environment: [B=3, C=4], ports: ["80:80", "81:81"], networks: { m: { aliases: [al] } }, profiles: [q] }
  b: { volumes: ["other:/v:ro", { type: bind, source: ., target: /w }], healthcheck: { disable: true }, depends_on: { c: { condition: service_healthy } }, extra_hosts: { x: 2.2.2.2 } }
  c: { image: c, healthcheck: { test: "true" } }
networks: { m: { internal: true }, n: { name: n-named } }
""",
    },
    "depends_on merged": {
        "compose.yml": "services: { a: { image: a, depends_on: [b] }, b: { image: b }, c: { image: c } }\n",
        "over.yml": "services: { a: { depends_on: { b: { condition: service_completed_successfully }, c: { condition: service_started } } } }\n",
    },
    "reset and override": {
        "compose.yml": """
services:
  a: { image: a, ports: ["80:80"], environment: { A: 1, B: 2 }, container_name: aa, depends_on: [b, c], volumes: ["vol:/v"] }
  b: { image: b, networks: [n, m], restart: always }
  c: { image: c }
  gone: { image: gone }
networks: { n: , m: }
volumes: { vol: }
""",
        "over.yml": """
services:
  a: { ports: !override ["90:90"], environment: { A: !reset null }, container_name: !reset null, depends_on: !override [c] }
  b: { networks: !override [m], restart: !reset "" }
  gone: !reset null
""",
    },
    "three files": {
        "compose.yml": 'services: { a: { image: a, ports: ["1:1"], environment: [A=1] } }\n',
        "two.yml": "services: { a: { ports: !reset [], environment: { A: 2 } } }\n",
        "over.yml": 'services: { a: { ports: ["3:3"], environment: { B: 3 } }, b: { image: b } }\n',
    },
    "files of two directories": {
        "app/compose.yml": "services: { a: { extends: { file: lib.yml, service: job }, env_file: e.env } }\n",
        "app/lib.yml": "services: { job: { image: app } }\n",
        "app/e.env": "A=app\n",
        "app/.env": "BESIDE=app\n",
        "over/over.yml": "services: { b: { extends: { file: lib.yml, service: job }, env_file: e.env, hostname: 'h$BESIDE' } }\n",
        "over/lib.yml": "services: { job: { image: over } }\n",
        "over/e.env": "A=over\n",
        "over/.env": "BESIDE=over\n",
    },
    "several documents": "services: { a: { image: a, environment: { A: 1 } } }\n---\nservices: { a: { environment: { B: 2 } }, b: { image: b } }\n",
    "extensions and old keys": """
version: "3.8"
name: given
x-top: { any: [thing] }
services:
  a: { image: a, x-own: 1, labels: { l: 1 }, sysctls: [net.core.somaxconn=1024], ulimits: { nofile: 10 }, cap_add: [ALL] }
configs: { c: { content: x } }
secrets: { s: { environment: TAG } }
""",
    "deploy, scale, and what a run needs not": """
services:
  a: { image: a, deploy: { replicas: 2, resources: { limits: { memory: 50M } } }, logging: { driver: local } }
  b: { image: b, scale: 2, tmpfs: /tmp, stop_grace_period: 1m, init: true, expose: [80] }
""",
    "numbers and words as texts": """
services:
  a: { image: "7", container_name: "007", hostname: "12", environment: { A: 123, B: yes, C: 12:30 } }
""",
    "a FAST service of the user's own": """
services:
  app: { image: app, depends_on: { fast: { condition: service_started } } }
  fast2: { image: own, environment: [CI_MODE] }
  fast: { image: "registry.example/wallarm/fast:2", environment: { WALLARM_API_TOKEN: "${TOKEN-}", CI_MODE: recording } }
  tests: { image: tests, depends_on: [app, fast], environment: [http_proxy=http://fast:8080], links: [fast] }
""",
    "FAST services with the names of nodes": {
        "compose.yml": """
include: [more.yml]
services:
  app: { image: app, depends_on: { fast-record: { condition: service_healthy } } }
  fast-record:
    image: wallarm/fast
    container_name: fast-node
    environment: { WALLARM_API_TOKEN: , CI_MODE: recording, ALLOWED_HOSTS: nowhere.example, BUILD_ID: theirs }
    ports: ["8080:8080", "9090:9090"]
    healthcheck: { test: [CMD, supervisorctl, status, proxy], interval: 2s }
    networks: { default: { aliases: [fast] }, n: }
    volumes: ["./old:/old", "v:/v"]
    restart: always
    labels: [own=1]
    profiles: [fast]
    command: [their, own]
volumes: { v: }
networks: { n: }
""",
        "more.yml": """
services:
  fast-test: { extends: { file: common.yml, service: fast }, environment: { CI_MODE: testing }, depends_on: [db], scale: 3 }
  db: { image: db }
""",
        "common.yml": "services: { fast: { image: wallarm/fast, privileged: true, ports: ['1:1'], cap_add: [ALL], env_file: e.env } }\n",
        "e.env": "FROM_FILE=1\n",
        "over.yml": "services: { fast-record: { ports: ['9091:9091'], hostname: theirs } }\n",
    },
    "what is shared with a FAST service": """
services:
  app: { image: app, volumes_from: [fast, "data:ro"], ipc: "service:fast" }
  data: { image: data, pid: "service:fast", networks: [n] }
  fast: { image: wallarm/fast }
  tests: { image: tests, network_mode: "service:fast" }
networks: { n: }
""",
}
FILES = {
    "files of two directories": ["app/compose.yml", "over/over.yml"],
    "FAST services with the names of nodes": ["compose.yml", "over.yml"],
    "two files": ["compose.yml", "over.yml"],
    "depends_on merged": ["compose.yml", "over.yml"],
    "reset and override": ["compose.yml", "over.yml"],
    "three files": ["compose.yml", "two.yml", "over.yml"],
    "several files, ports in each": ["compose.yml", "two.yml", "over.yml"],
}
SINCE = {
    "ports, long": "2.26",  # knows `name` and `app_protocol`
    "extends a sibling": "2.26",  # extends what has `depends_on`
    "environment": "2.29",
    "a FAST service of the user's own": "2.29",
    "FAST services with the names of nodes": "2.29",
    "variables beside the files": "2.30",  # knows `format`
    "env files": "2.40",  # a later env_file sees what it sets itself before what an earlier one set
    "include with its own variables": "2.40",
}
"""The oldest Compose that was seen to read a case as today's does; 2.24.6, 2.26 to 2.29, 2.33 and 2.40 were tried."""
