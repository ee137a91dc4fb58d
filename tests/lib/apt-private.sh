# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# A package manager of our own below a directory: other suites and other architectures than the
# machine's can be read without a line of its configuration, lists or cache being changed, and
# without root. To be sourced. The mirror is the one this machine uses; none is named here.
#
#   apt_private DIR SUITE [ARCH]    prepares DIR and fetches the lists once (again after 7 days)
#   apt_private_debs DIR PKG…       downloads the packages and all they depend on, into DIR/debs
#   apt_private_source DIR PKG…     downloads and unpacks source packages into the current directory
#
# Each returns non-zero and says why on stderr.

apt_private_opts=()

apt_private_mirror() {
    local codename line
    # shellcheck disable=SC1091
    codename=$(. /etc/os-release && [ "${ID:-}" = debian ] && echo "${VERSION_CODENAME:-sid}") || {
        echo "apt-private: this is not Debian, its mirror has no such packages" >&2
        return 1
    }
    # apt itself says what its sources are, in whichever of the two formats they are written.
    # shellcheck disable=SC2016
    line=$(apt-get indextargets --format '$(RELEASE) $(REPO_URI) $(SIGNED_BY)' \
        'Created-By: Packages' 2>/dev/null |
        awk -v c="$codename" '$1 == c || ((c == "sid" || c == "trixie") && $1 ~ /^(sid|unstable|testing|stable)$/) { print $2, $3; exit }')
    [ -n "$line" ] || {
        echo "apt-private: no apt source for $codename on this machine" >&2
        return 1
    }
    echo "$line"
}

apt_private() {
    local dir suite=$2 arch=${3:-} mirror uri key stamp
    dir=$(realpath -m "$1")
    [ -n "$arch" ] || arch=$(dpkg --print-architecture) || return 1
    mkdir -p "$dir"/{parts,state/lists/partial,cache/archives/partial,debs}
    : >>"$dir/status"
    apt_private_opts=(
        -qq
        -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$dir/parts"
        -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null
        -o "Dir::State=$dir/state" -o "Dir::State::status=$dir/status" -o "Dir::Cache=$dir/cache"
        -o "APT::Architecture=$arch" -o "APT::Architectures=$arch" -o Acquire::Languages=none
        -o APT::Sandbox::User=root -o Debug::NoLocking=1 -o Acquire::Retries=3
        -o APT::Keep-Downloaded-Packages=true
    )
    stamp=$dir/updated-$suite-$arch
    if [ -n "$(find "$stamp" -mtime -7 2>/dev/null)" ]; then
        return 0
    fi
    mirror=$(apt_private_mirror) || return 1
    read -r uri key <<<"$mirror"
    rm -f "$dir"/parts/*
    {
        printf 'Types: deb deb-src\nURIs: %s\nSuites: %s\nComponents: main\n' "$uri" "$suite"
        # A key block of several lines cannot be passed on by name; the machine's trusted keys do then.
        [[ ${key:-} == /* ]] && printf 'Signed-By: %s\n' "$key"
    } >"$dir/parts/$suite.sources"
    apt-get "${apt_private_opts[@]}" update >&2 || {
        echo "apt-private: the lists of $suite ($arch) cannot be fetched" >&2
        return 1
    }
    touch "$stamp"
}

apt_private_debs() {
    local dir
    dir=$(realpath -m "$1")
    shift
    apt-get "${apt_private_opts[@]}" -y --no-install-recommends --download-only install "$@" \
        >"$dir/log" 2>&1 || {
        cat "$dir/log" >&2
        return 1
    }
    find "$dir/cache/archives" -maxdepth 1 -name '*.deb' -exec ln -f -t "$dir/debs" {} +
}

apt_private_source() {
    apt-get "${apt_private_opts[@]}" source "${@:2}" >"$(realpath -m "$1")/log" 2>&1 || {
        cat "$(realpath -m "$1")/log" >&2
        return 1
    }
}
