# What scripts/image and scripts/scanners share; they define `say`, and `state`, a directory for the log of a build.

fail() { printf '%s\n' "$@" >&2; exit 1; }
exists() { docker image inspect "$1" >/dev/null 2>&1; }
available() { exists "$1" || docker pull --quiet "$1" >/dev/null 2>&1; }

# build IMAGE DIRECTORY [OPTION]…; the image that loses this name goes, unless it has another.
build() {
  local before after
  before=$(docker image inspect --format '{{.Id}}' "$1" 2>/dev/null || true)
  after=$(docker build --quiet --tag "$1" "${@:3}" "$2" 2>"$state/build.log") ||
    fail "The image $1 could not be built:" "$(tail -n 5 "$state/build.log")"
  if [ "$before" = "$after" ]; then say image "$1 is up to date"; return; fi
  say image "built $1"
  if [ -n "$before" ] && [ "$(docker image inspect --format '{{len .RepoTags}}' "$before")" = 0 ]; then
    docker image rm "$before" >/dev/null 2>&1 || true   # a container may still use it
  fi
}
