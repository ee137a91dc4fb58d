# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
#
# What the command line tests share. A test sources this, calls in_each_view or in_this_view, and then uses
#
#   t CMD…                runs a command: $status, $out (standard output), $err (standard error)
#   v ARG…                the same for veloci with the test's own state root
#   is GOT WANT TEXT      has PIECE-PATTERN GOT TEXT (a case pattern)     passes TEXT CMD…
#   pass TEXT  fail TEXT  skip TEXT REASON
#   bundle NAME [mkbundle option…] [-- CMD…]     makes $WORK/NAME
#   until_true CMD…       waits (10 s at most) until CMD succeeds
#
# and ends with finish.
set -u

CLI=${VL_CLI:-$(cd "$(dirname "$0")" && pwd)}
TESTS=$(dirname "$CLI")
VELOCI=${VELOCI:-$TESTS/../build/normal/veloci}
points=${VL_POINTS:-0}
failures=0
status=0 out='' err=''

[ -x "$VELOCI" ] || {
    echo "1..0 # SKIP there is no $VELOCI"
    exit 77
}

point() { # ok|not ok, text
    points=$((points + 1))
    echo "$1 $points - ${VL_VIEW:+$VL_VIEW: }$2"
}
pass() { point ok "$1"; }
fail() {
    failures=$((failures + 1))
    point 'not ok' "$1"
    shift
    for line in "$@"; do
        printf '%s\n' "$line" | sed 's/^/#   /'
    done
}
skip() { point ok "$1 # SKIP $2"; }

is() {
    if [ "$1" = "$2" ]; then pass "$3"; else fail "$3" "got  $1" "want $2" "stderr: $err"; fi
}
has() {
    # shellcheck disable=SC2254 # a pattern is what it is
    case $2 in
    $1) pass "$3" ;;
    *) fail "$3" "want $1" "got  $2" "status $status, stderr: $err" ;;
    esac
}
passes() {
    what=$1
    shift
    if "$@"; then pass "$what"; else fail "$what" "$*" "stderr: $err"; fi
}
fails() {
    what=$1
    shift
    if "$@"; then fail "$what" "$*"; else pass "$what"; fi
}

t() {
    status=0
    "$@" >"$WORK/.out" 2>"$WORK/.err" || status=$?
    out=$(cat "$WORK/.out")
    err=$(cat "$WORK/.err")
}
v() { t "$VELOCI" --root "$ROOT" "$@"; }

until_true() {
    tries=500
    while ! "$@" >/dev/null 2>&1; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || return 1
        sleep 0.02
    done
}

# A process that is gone, or waits for nothing but its parent.
dead() { ! kill -0 "$1" 2>/dev/null || grep -q '^State:.Z' "/proc/$1/status"; }

# A member of the last output of `state`, which has one a line.
member() { printf '%s\n' "$out" | sed -n "s/^  \"$1\": \"\{0,1\}\(.*[^\",]\)\"\{0,1\},\{0,1\}\$/\1/p"; }
status_of() {
    v state "$1"
    member status
}
state_is() { # id status
    [ "$(status_of "$1")" = "$2" ]
}

# What is in the state root, but for what containers share.
left() { find "$ROOT" -mindepth 1 -maxdepth 1 ! -name '@*' -printf '%f\n' 2>/dev/null; }

bundle() {
    name=$1
    shift
    [ -d "$WORK/rootfs/bin" ] || "$TESTS/lib/mkrootfs" "$WORK/rootfs" || return
    # shellcheck disable=SC2086 # several options
    "$TESTS/lib/mkbundle" --rootfs "$WORK/rootfs" ${MKBUNDLE:-} "$CLI/config.json" "$WORK/$name" "$@"
}

setup() {
    WORK=$(mktemp -d "${TMPDIR:-/tmp}/veloci-cli-XXXXXX")
    chmod 0755 "$WORK"
    ROOT=$WORK/state
    trap cleanup EXIT
    trap 'exit 1' INT TERM HUP
}
cleanup() {
    for dir in "$ROOT"/*/; do
        [ -d "$dir" ] && "$VELOCI" --root "$ROOT" delete --force "$(basename "$dir")" 2>/dev/null
    done
    rm -rf "$WORK"
}

finish() {
    [ -n "${VL_VIEW:-}" ] || echo "1..$points"
    [ $failures -eq 0 ]
    exit
}

# The rest of the script once here, with what the machine has.
in_this_view() { setup; }

# The rest of the script once in each kind of cgroup file system that can be had: as the machine is, cgroup v1 only,
# cgroup v2 only. Everything below a cgroup of its own. VL_VIEWS chooses among them, for what has nothing to do with
# cgroups or costs much.
in_each_view() {
    if [ -n "${VL_VIEW:-}" ]; then
        setup
        return
    fi
    bad=0
    if [ "$(id -u)" != 0 ]; then
        echo "1..0 # SKIP needs root"
        exit 77
    fi
    "$TESTS/lib/mkrootfs" --check || {
        echo "1..0 # SKIP there is no static busybox"
        exit 77
    }
    # shellcheck disable=SC2086 # several words
    for view in ${VL_VIEWS:-host v1 v2}; do
        # shellcheck disable=SC2046 # no word for the machine as it is
        VL_VIEW=$view VL_POINTS=$points "$TESTS/lib/own-cgroup" $([ $view = host ] || echo --$view) "$0" >"/tmp/vl-view.$$"
        status=$?
        cat "/tmp/vl-view.$$"
        points=$((points + $(grep -c -E '^(not )?ok ' "/tmp/vl-view.$$")))
        if [ $status -eq 77 ]; then
            VL_VIEW=$view skip "everything" "this kind of cgroups cannot be had here"
        elif [ $status -ne 0 ]; then
            bad=1
            grep -q '^not ok' "/tmp/vl-view.$$" || VL_VIEW=$view fail "ended with status $status"
        fi
        rm -f "/tmp/vl-view.$$"
    done
    echo "1..$points"
    exit $bad
}
