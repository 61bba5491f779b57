# Runs the script the host packed. Whatever ends it, the host hears of it.
trap 'say END; drain' EXIT
. /run/guest/lib.sh
say UP "$(cut -d' ' -f1 /proc/uptime)" "$(uname -r)"
. /run/guest/script.sh
