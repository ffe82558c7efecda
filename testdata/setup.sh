#!/bin/sh
# Installs what the tests need and is missing: tmux, nginx, haproxy, the proxies tinyproxy and microsocks, curl, python3, nft and ip for links that are cut and addresses that change, systemd-analyze (which
# looks at the unit that "adit service" writes) and procps, whose kill that unit calls, ssh, Redis and PostgreSQL, which go through tcp endpoints, openssl, node and npm for what was written for ngrok, chromium for the page, bash-completion, and a C compiler with its
# headers for the race detector; and what the arguments name, as PROGRAM:PACKAGE[,PACKAGE]. Without root or apt it only says so.
set -u
missing=""
for pair in tmux:tmux tinyproxy:tinyproxy-bin microsocks:microsocks nginx:nginx-light haproxy:haproxy curl:curl python3:python3 nft:nftables ip:iproute2 systemd-analyze:systemd pgrep:procps cc:gcc,libc6-dev git:git node:nodejs npm:npm chromium:chromium sshd:openssh-server ssh:openssh-client redis-server:redis-server redis-cli:redis-tools psql:postgresql openssl:openssl dh_bash-completion:bash-completion "$@"; do
	command -v "${pair%%:*}" >/dev/null 2>&1 || [ -x "/usr/sbin/${pair%%:*}" ] || missing="$missing $(echo "${pair#*:}" | tr , " ")"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
	echo "installing$missing"
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -qq >/dev/null 2>&1
	# shellcheck disable=SC2086
	apt-get install -y -qq --no-install-recommends $missing >/dev/null 2>&1 || echo "could not install all of:$missing" >&2
else
	echo "not installed, so some tests will be skipped:$missing" >&2
fi
exit 0
