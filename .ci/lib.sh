# Sourced by the scripts of the demo and the tests.
# shellcheck shell=bash

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)

die() {
    printf '%s\n' "$*" >&2
    exit 1
}

# Prints the scratch directory of this checkout. It lies under /var/tmp, because the operating system's user who runs
# the server must be able to reach it, which a checkout below /root or a private home does not allow, and because a
# socket's path may have 107 bytes.
scratch_dir() {
    local dir=${PGDATAHUB_SCRATCH:-}
    [ -n "$dir" ] || dir=/var/tmp/pgdatahub-$(id -u)-$(printf '%s' "$top" | sha256sum | cut -c1-8)
    [ -e "$dir" ] || mkdir -m 755 "$dir"
    if [ ! -O "$dir" ] || [ -L "$dir" ]; then
        die "$dir belongs to somebody else; set PGDATAHUB_SCRATCH to a directory of your own"
    fi
    printf '%s\n' "$dir"
}

# PostgreSQL refuses to run as root: then its programs run as the user postgres.
as_server() {
    if [ "$(id -u)" = 0 ]; then
        runuser -u postgres -- "$@"
    else
        "$@"
    fi
}

own_by_server() {
    if [ "$(id -u)" = 0 ]; then
        chown postgres: "$@"
    fi
}
