# Reloads HAProxy when its certificate was renewed: bash renew.sh, beside `haproxy -S 127.0.0.1:8407`. Streams go on in the old
# worker, until they end or BALANCER_HARD_STOP. A certificate that HAProxy refuses is in its log; the old one stays in use, and
# AcsBalancerCertificateExpires fires before it ends.
folder=${BALANCER_CERTIFICATES:-/etc/haproxy/certs}
port=${BALANCER_MASTER_PORT:-8407}
# HAProxy's image stops its containers with SIGUSR1, which process 1 would ignore until the end of the pod's patience.
trap 'exit 0' TERM INT USR1

digest() { cat "$folder"/* | sha256sum; }

reload() (
  exec 3<>"/dev/tcp/127.0.0.1/$port" || exit
  echo reload >&3
  timeout 10 cat <&3
)

known=$(digest)
while true; do
  # In the background, so that the signal does not wait for its end.
  sleep "${BALANCER_RENEW_SECONDS:-10}" &
  wait $!
  found=$(digest)
  if [ "$found" != "$known" ] && reload; then
    known=$found
    echo '{"msg":"certificate renewed"}'
  fi
done
