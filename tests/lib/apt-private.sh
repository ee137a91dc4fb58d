# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# A package manager of our own below a directory: other suites and other architectures than the
# machine's can be read without a line of its configuration, lists or cache being changed, and
# without root. To be sourced. The mirror is the one this machine uses; none is named here.
#
#   apt_private DIR SUITE [ARCH]    prepares DIR and fetches the lists once (again after 7 days)
#   apt_private_debs DIR PKG…       downloads the packages and all they depend on, into DIR/debs
#   apt_private_source DIR PKG…     downloads source packages, unpacked and patched into ./PKG
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
    # A mirror that lags or was frozen does as well; signatures are checked all the same.
    apt_private_opts=(
        -qq -o Acquire::Check-Valid-Until=false
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

# Mirrors may serve the tar files of a source package without its .dsc; the hashes that apt checks
# come from the list of sources, so nothing is lost by leaving it out and unpacking by ourselves.
apt_private_source() {
    local dir package archive top patch
    dir=$(realpath -m "$1")
    shift
    for package; do
        rm -rf "$dir/fetch"
        mkdir -p "$dir/fetch"
        (
            cd "$dir/fetch" &&
                apt-get "${apt_private_opts[@]}" source --download-only --tar-only "$package" &&
                apt-get "${apt_private_opts[@]}" source --download-only --diff-only "$package"
        ) >"$dir/log" 2>&1 || {
            cat "$dir/log" >&2
            return 1
        }
        archive=$(find "$dir/fetch" -name '*.orig.tar.*' -print -quit)
        if [ -z "$archive" ]; then
            echo "apt-private: no original archive of $package" >&2
            return 1
        fi
        rm -rf "${PWD:?}/$package"
        mkdir "$package"
        tar -xf "$archive" -C "$package" --strip-components=1 --no-same-owner || return 1
        archive=$(find "$dir/fetch" -name '*.debian.tar.*' -print -quit)
        [ -n "$archive" ] || continue
        tar -xf "$archive" -C "$package" --no-same-owner || return 1
        top=$PWD/$package
        [ -e "$top/debian/patches/series" ] || continue
        sed -e 's/[[:space:]]*#.*//' -e '/^$/d' "$top/debian/patches/series" |
            while read -r patch _; do
                patch -d "$top" -p1 -s <"$top/debian/patches/$patch" || exit 1
            done || return 1
    done
}
