#!/usr/bin/env bash
# Runs the units of deploy/systemd under a real systemd, process 1 of namespaces of its own over a copy of this machine that is
# thrown away. Wants root, systemd, haproxy and curl; takes 40 s. Tried with cgroup v1 and v2 side by side.
#
#   bash test/systemd/run.sh
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
for tool in /usr/lib/systemd/systemd unshare nsenter haproxy curl; do
  command -v "$tool" >/dev/null || { echo "$tool is not on this machine: apt-get install systemd util-linux haproxy curl"; exit 2; }
done
[ "$(id -u)" = 0 ] || { echo "only root can make such namespaces"; exit 2; }

work=$(mktemp -d)
name=acs-systemd-$$
node=$root/node_modules/.bin/node
"$root/node_modules/.bin/tsc" -p "$root/tsconfig.build.json" --outDir "$work/dist"

# Only the hierarchies that systemd wants; what it puts there goes with it.
hierarchies=()
for each in systemd unified memory; do [ -d "/sys/fs/cgroup/$each" ] && hierarchies+=("$each"); done

cat > "$work/inside.sh" <<'INSIDE'
set -e
work=$1 root=$2
mount --make-rprivate /
mkdir "$work/layers" && mount -t tmpfs tmpfs "$work/layers"
mkdir "$work/layers/upper" "$work/layers/work" "$work/layers/merged"
m=$work/layers/merged
mount -t overlay overlay -o "lowerdir=/,upperdir=$work/layers/upper,workdir=$work/layers/work" "$m"
mount -t proc proc "$m/proc"
mount --bind "$m/proc/sys" "$m/proc/sys" && mount -o remount,ro,bind "$m/proc/sys"
mount -t sysfs -o ro sysfs "$m/sys"
mount -t tmpfs tmpfs "$m/sys/fs/cgroup"
for each in $3; do
  mkdir "$m/sys/fs/cgroup/$each"
  case $each in
    unified) mount -t cgroup2 cgroup2 "$m/sys/fs/cgroup/$each" ;;
    systemd) mount -t cgroup -o none,name=systemd cgroup "$m/sys/fs/cgroup/$each" ;;
    *) mount -t cgroup -o "$each" cgroup "$m/sys/fs/cgroup/$each" ;;
  esac
done
mount -t tmpfs -o mode=755 tmpfs "$m/dev"
for each in null zero full random urandom tty; do touch "$m/dev/$each" && mount --bind "/dev/$each" "$m/dev/$each"; done
mkdir "$m/dev/shm" "$m/dev/pts" && mount -t tmpfs tmpfs "$m/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$m/dev/pts" && ln -s pts/ptmx "$m/dev/ptmx"
mount -t tmpfs -o mode=755 tmpfs "$m/run"
ip link set lo up

# Nothing of this machine's own services: only what is asked for.
units=$m/etc/systemd/system
printf '[Unit]\nDefaultDependencies=no\n' | tee "$units/sysinit.target" > "$units/basic.target"
printf '[Unit]\nDefaultDependencies=no\nWants=systemd-journald.service\n' > "$units/empty.target"
systemd-id128 new > "$m/etc/machine-id"

# docs/systemd.md, "Install", with a token that a test can have.
useradd --root "$m" --system --home-dir /var/lib/acs-audio-gateway --shell /usr/sbin/nologin acs-audio-gateway
mkdir -p "$m/opt/acs-audio-gateway"
cp -r "$work/dist" "$root/package.json" "$m/opt/acs-audio-gateway/"
ln -s "$root/node_modules" "$m/opt/acs-audio-gateway/node_modules"
sed -e 's/^ACS_GATEWAY_AUTH=.*/ACS_GATEWAY_AUTH=token/' -e 's/^ACS_GATEWAY_JWT_AUDIENCE=.*/ACS_GATEWAY_AUTH_TOKEN=secret/' \
  "$root/deploy/systemd/gateway.env" | install -D -m 0600 /dev/stdin "$m/etc/acs-audio-gateway/gateway.env"
cp "$root"/deploy/systemd/*.service "$units/"
cat > "$m/etc/balancer.cfg" <<'HAPROXY'
defaults
  mode http
  timeout connect 2s
  timeout client 30s
  timeout server 30s
  timeout tunnel 1h
frontend streams
  bind 127.0.0.1:8000
  default_backend gateway
backend gateway
  server gateway 127.0.0.1:8080 send-proxy-v2
HAPROXY
printf '[Service]\nType=notify\nExecStart=/usr/sbin/haproxy -Ws -f /etc/balancer.cfg\nSuccessExitStatus=143\n' > "$units/haproxy.service"

mkdir "$m/.before" && cd "$m" && pivot_root . .before && umount -l .before
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin /usr/lib/systemd/systemd --unit=empty.target --show-status=no
INSIDE

(
  for each in "${hierarchies[@]}"; do
    mkdir "/sys/fs/cgroup/$each/$name" && echo "$BASHPID" > "/sys/fs/cgroup/$each/$name/cgroup.procs"
  done
  exec timeout -s KILL 240 unshare --pid --fork --kill-child --mount --uts --ipc --net --cgroup \
    bash "$work/inside.sh" "$work" "$root" "${hierarchies[*]}"
) > "$work/systemd.log" 2>&1 &
outer=$!
systemd=
# shellcheck disable=SC2317
finish() {
  # Process 1 of its namespace: everything in it goes with it.
  if [ -n "$systemd" ]; then kill -KILL "$systemd" 2>/dev/null || true; fi
  wait "$outer" 2>/dev/null || true
  for each in "${hierarchies[@]}"; do find "/sys/fs/cgroup/$each/$name" -depth -type d -exec rmdir {} + 2>/dev/null || true; done
  rm -rf "$work"
}
trap finish EXIT

for _ in $(seq 50); do
  sleep 0.1
  unshared=$(pgrep -P "$outer" || true)
  [ -n "$unshared" ] && systemd=$(pgrep -P "$unshared" || true)
  [ -n "$systemd" ] && inside=(nsenter -t "$systemd" -m -p -n -u -i -C) && "${inside[@]}" systemctl is-system-running >/dev/null 2>&1 && break
done
[ -n "$systemd" ] || { cat "$work/systemd.log"; exit 1; }

failed=0
check() { # a sentence, and what must be true
  local sentence=$1
  shift
  if "$@" >/dev/null 2>&1; then echo "ok      $sentence"; else echo "NOT OK  $sentence"; failed=1; fi
}
in_() { "${inside[@]}" "$@"; }
show() { in_ systemctl show -p "$2" --value "$1"; }
# shellcheck disable=SC2317
is() { [ "$1" = "$2" ]; }
play() { # where, and how
  local url=$1
  shift
  in_ timeout -s KILL 60 "$node" /opt/acs-audio-gateway/dist/main.js simulate --url "$url" --token secret "$@" > "$work/play.log" 2>&1
}
# shellcheck disable=SC2317
ready() { for _ in $(seq 50); do in_ curl -sf "127.0.0.1:$1/readyz" >/dev/null && return; sleep 0.1; done; return 1; }
unit=acs-audio-gateway

in_ systemctl start $unit || in_ journalctl -u $unit --no-pager -o cat -n 5
check 'it starts with everything that the sandbox forbids' ready 8080
pid=$(show $unit MainPID)
check 'it has no capability' in_ grep -q '^CapBnd:.0*$' "/proc/$pid/status"
check 'it dumps no core' in_ grep -qE '^Max core file size +0 +0 ' "/proc/$pid/limits"

play ws://127.0.0.1:8080/audio --calls 50 --participants 2 --duration 8s --save /run/expected &
calls=$!
sleep 3
in_ systemctl stop --no-block $unit
sleep 1
check 'it is on its way out in the middle of 50 calls' is "$(show $unit ActiveState)" deactivating
check 'none of them is cut' wait "$calls"
for _ in $(seq 50); do [ "$(show $unit ActiveState)" = inactive ] && break; sleep 0.1; done
check 'it ends with 0' is "$(show $unit Result) $(show $unit ExecMainStatus)" 'success 0'
# shellcheck disable=SC2016
check '100 recordings are what was said, bit for bit' in_ sh -c \
  'test "$(find /run/expected -name "*.wav" | wc -l)" = 100 && ! diff -rq /run/expected /var/lib/acs-audio-gateway/recordings | grep -v "json$"'
check 'nobody but user and group can read them' in_ sh -c '! find /var/lib/acs-audio-gateway -perm /007 | grep .'

in_ systemctl start $unit@1 $unit@2
check 'two services, the first' ready 9461
check 'two services, the second' ready 9462
check 'on one port' play ws://127.0.0.1:8080/audio --calls 20 --duration 1s
# shellcheck disable=SC2016
check 'both of them take calls' in_ sh -c 'for n in 1 2; do ls /var/lib/acs-audio-gateway/$n/recordings/* >/dev/null || exit 1; done'
in_ kill -9 "$(show $unit@1 MainPID)"
sleep 3.5
check 'one that is killed is started again' is "$(show $unit@1 ActiveState) $(show $unit@1 NRestarts)" 'active 1'
check 'and takes streams' ready 9461
in_ systemctl stop $unit@1 $unit@2

in_ sh -c "mkdir -p /run/systemd/system/$unit.service.d && printf '[Service]\nEnvironment=ACS_GATEWAY_PROCESSES=2\n' > /run/systemd/system/$unit.service.d/test.conf"
in_ systemctl daemon-reload
in_ systemctl start $unit
check 'one service of two processes, in the same sandbox' ready 9464
play ws://127.0.0.1:8080/audio --calls 20 --duration 5s &
calls=$!
sleep 1
in_ systemctl reload $unit
check 'no call is cut when they are replaced' wait "$calls"
# shellcheck disable=SC2317
replaced() { for _ in $(seq 100); do in_ journalctl -u "$1" --no-pager -o cat | grep -q '"processes replaced"' && return; sleep 0.2; done; return 1; }
check 'and both are' replaced $unit
in_ systemctl stop $unit
check 'they end with 0' is "$(show $unit Result) $(show $unit ExecMainStatus)" 'success 0'
in_ rm "/run/systemd/system/$unit.service.d/test.conf"
in_ systemctl daemon-reload

override() { # an instance, and a line for its unit
  in_ sh -c "mkdir -p /run/systemd/system/$unit@$1.service.d && printf '[Service]\n%s\n' '$2' > /run/systemd/system/$unit@$1.service.d/test.conf"
  in_ systemctl daemon-reload
  in_ systemctl start "$unit@$1"
}
override 3 Environment=ACS_GATEWAY_FLUSH_INTERVAL_MS=many
override 5 MemoryDenyWriteExecute=yes
sleep 5
check 'one with a bad setting stays down' is "$(show $unit@3 ActiveState) $(show $unit@3 NRestarts) $(show $unit@3 ExecMainStatus)" 'failed 0 2'
check 'one that dies at its start is tried again (V8 under MemoryDenyWriteExecute)' test "$(show $unit@5 NRestarts)" -ge 1
in_ systemctl stop $unit@5

in_ systemctl start $unit
ready 8080
play ws://127.0.0.1:8080/audio --calls 5 --duration 30s || true &
calls=$!
for _ in $(seq 50); do in_ curl -s 127.0.0.1:9464/metrics | grep -q '^acs_gateway_streams_active 5$' && break; sleep 0.2; done
in_ systemctl stop --no-block $unit
sleep 1
in_ systemctl kill -s SIGTERM $unit
sleep 2
check 'a second SIGTERM ends it at once, and it stays down' is \
  "$(show $unit ActiveState) $(show $unit NRestarts) $(show $unit ExecMainStatus)" 'failed 0 1'
wait "$calls"

in_ systemctl start haproxy $unit
check 'behind HAProxy' ready 8000
play ws://127.0.0.1:8000/audio --calls 20 --duration 6s &
calls=$!
sleep 2
in_ systemctl poweroff --no-block 2>/dev/null || true
check 'when the machine goes down, no call through HAProxy is cut' wait "$calls"

exit "$failed"
