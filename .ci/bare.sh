# Sourced, after lib.sh, by the scripts that try something in a bare Debian 12: package-smoke and documents.
# shellcheck shell=bash

bares=()

new_root() {
    local scratch
    scratch=$(realpath "$(scratch_dir)")
    root=$(mktemp -d "$scratch/bare.XXXXXX")
    chmod 755 "$root"
    bares+=("$root")
}

# Sets `root` to the directory of a bare Debian, made by debootstrap for the target `$1`; it is deleted when the script ends.
# Nothing of this machine but its kernel takes part.
make_bare() {
    local mirror=${MIRROR:-http://deb.debian.org/debian}
    [ "$(id -u)" = 0 ] || die "a root of its own needs root: sudo make $1"
    command -v debootstrap >/dev/null || die "debootstrap is missing: apt-get install debootstrap"
    trap leave_bares EXIT
    new_root
    echo "a bare Debian 12 from $mirror"
    debootstrap --variant=minbase --include=ca-certificates bookworm "$root" "$mirror" >"$root.log" 2>&1 ||
        die "$(tail -n 20 "$root.log")"
    # How this machine reaches a mirror, the other one does too.
    cp -L /etc/resolv.conf "$root/etc/resolv.conf"
    grep -ls '^Acquire' /etc/apt/apt.conf.d/* | xargs -r cp -t "$root/etc/apt/apt.conf.d"
    # policy-rc.d: what is installed starts no service by itself.
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
    chmod 755 "$root/usr/sbin/policy-rc.d"
    mount -t proc proc "$root/proc"
    inside apt-get -qq update
}

# Sets `root` to a copy of the bare Debian `$1`.
copy_bare() {
    new_root
    cp -ax "$1/." "$root/"
    mount -t proc proc "$root/proc"
}

inside() { chroot "$root" env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 "$@"; }

# Runs `$2` in the database `$1` there.
sql_inside() { inside runuser -u postgres -- psql -AtqX -v ON_ERROR_STOP=1 -d "$1" -c "$2"; }

# The processes whose root is the directory `$1`.
processes_of() {
    local process
    for process in /proc/[0-9]*; do
        if [ "$process/root" -ef "$1" ]; then echo "${process#/proc/}"; fi
    done
}

# A run that failed may leave servers behind, which hold the mount. Where one stays, nothing is deleted.
leave_bares() {
    local root found
    for root in "${bares[@]}"; do
        for _ in {1..20}; do
            found=$(processes_of "$root")
            [ -n "$found" ] || break
            # shellcheck disable=SC2086 # a list of numbers
            kill -KILL $found 2>/dev/null || true
            sleep 0.1
        done
        umount "$root/proc" 2>/dev/null || true
        rm -f "$root.log"
        if grep -qF " $root/" /proc/self/mounts; then
            echo "$root is left there: something is still mounted in it" >&2
        else
            rm -rf --one-file-system "$root"
        fi
    done
}
