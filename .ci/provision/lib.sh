# Shared by the provisioning scripts: where the cache is, and how a thing gets into it.
#
# Promise: a folder under the cache exists only when its build finished. A build happens in a
# temporary folder beside it and is renamed at the end; a lock keeps two runs from building at once.
# Does not own: which versions are built (each script names its own).

SLUICE_CACHE="${SLUICE_CACHE:-$HOME/.cache/sluice}"
mkdir -p "$SLUICE_CACHE"

say() { printf '[provision] %s\n' "$*" >&2; }

# Everything a script prints goes to stderr; only `result` writes to the real stdout.
exec 3>&1 1>&2
result() { printf '%s\n' "$1" >&3; }

# once NAME BUILDER: leaves the cache folder NAME in $built. BUILDER runs only when the folder is
# absent; it receives the folder to fill, which is moved to $built when BUILDER succeeds.
# A BUILDER ends every step with `|| return`: `set -e` is off in a function called as a condition.
once() {
  local name="$1" builder="$2" work
  built="$SLUICE_CACHE/$name"
  if [ -d "$built" ]; then say "$name: cached"; return; fi
  exec 9>"$SLUICE_CACHE/.$name.lock"
  flock 9
  if [ ! -d "$built" ]; then
    say "$name: building"
    work="$(mktemp -d "$SLUICE_CACHE/.tmp-$name-XXXXXX")"
    local began=$SECONDS
    if ! "$builder" "$work"; then
      chmod -R u+w "$work"; rm -rf "$work"
      say "$name: FAILED"; exit 1
    fi
    mv -T "$work" "$built"
    say "$name: built in $((SECONDS - began)) s"
  fi
  exec 9>&-
}

# need COMMAND PACKAGE: installs a Debian package only when the command is absent.
need() {
  command -v "$1" >/dev/null && return
  say "installing the system package $2"
  apt-get install -y -q "$2" || { apt-get update -q && apt-get install -y -q "$2"; }
}

# new_venv FOLDER: an empty Python environment.
new_venv() {
  need python3 python3 || return
  python3 -m venv "$1" 2>/dev/null && return
  say "installing the system package python3-venv"
  { apt-get install -y -q python3-venv || { apt-get update -q && apt-get install -y -q python3-venv; }; } || return
  python3 -m venv --clear "$1"
}

# relocate_venv FOLDER FINAL: rewrites the first line of the installed programs, which name the
# interpreter by its absolute path, for the place where the folder is about to be moved.
relocate_venv() {
  local script
  for script in "$1"/bin/*; do
    if [ -f "$script" ] && head -c 2 "$script" | grep -q '#!'; then sed -i "1s|$1|$2|" "$script"; fi
  done
}
