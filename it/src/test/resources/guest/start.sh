#!/bin/sh
# Second program of the guest, on the root disk: brings the network up and runs the script, or a shell for a person.
export PATH=/usr/sbin:/usr/bin:/usr/applets HOME=/run
export HOST=10.0.2.2
. /run/guest/env
ip link set lo up
ip link set eth0 up
ip addr add 10.0.2.15/24 dev eth0
mkdir -p /dev/shm && mount -t tmpfs shm /dev/shm
cd /run || exit 1

if [ -z "${GUEST_INTERACTIVE:-}" ]; then
    # The script talks over the second serial line: the kernel's messages on the first can then never cut its lines.
    exec 3<> /dev/ttyS1
    stty raw -echo <&3
    sh /run/guest/main.sh < /dev/null >&3 2>&1
else
    echo "The host is $HOST; attach NAME [CONNECTIONS [DEVICE]], detach, then exit or ctrl-d powers off."
    ENV=/run/guest/lib.sh setsid cttyhack busybox sh
fi
poweroff -f
