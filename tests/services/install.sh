#!/bin/sh
# Installs the programs that the tests marked `services` need, when it may (root on Debian); says what is missing otherwise.
set -eu
missing=""
command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
# The program that drives the browser is built with it.
/sbin/ldconfig -p 2>/dev/null | grep -q "libatomic\.so\.1" || missing="$missing libatomic1"
fc-list 2>/dev/null | grep -qi "cjk" || missing="$missing fonts-noto-cjk"
command -v mosquitto >/dev/null 2>&1 || [ -x /usr/sbin/mosquitto ] || missing="$missing mosquitto"
# For systemd-analyze and the units' system call filter; installing it starts nothing.
command -v systemd-analyze >/dev/null 2>&1 || missing="$missing systemd"
command -v mkfs.ext4 >/dev/null 2>&1 || [ -x /usr/sbin/mkfs.ext4 ] || missing="$missing e2fsprogs"
command -v softhsm2-util >/dev/null 2>&1 || missing="$missing softhsm2"
# What reaches the kernel, and in which order, only it sees.
command -v strace >/dev/null 2>&1 || missing="$missing strace"
command -v espeak-ng >/dev/null 2>&1 || missing="$missing espeak-ng"
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing:$missing"
    apt-get update -qq
    # shellcheck disable=SC2086 # one word a package
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing fontconfig >/dev/null
else
    echo "These programs are missing:$missing" >&2
    echo "Install them (sudo apt-get install$missing), then run make test-services again." >&2
    [ "${CI:-}" = "true" ] && exit 1
fi
