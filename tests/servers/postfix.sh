#!/bin/sh
# A real Postfix of its own, for tests, on 127.0.0.1: STARTTLS and TLS, login by Dovecot, mail to a Maildir.
#
#   postfix.sh start DIR PORT TLS_PORT   exit 77: it cannot be had here (not root, no packages)
#   postfix.sh wait DIR N                waits until N mails are in DIR/mail/all/new
#   postfix.sh stop DIR
#
# User drumbeat, password secret. temp@example.test is refused for now (451), perm@example.test for good (550),
# anybody else at example.test gets their mail. DIR/ca.pem vouches for localhost and 127.0.0.1, not for 127.0.0.2,
# where TLS_PORT is served as well.
set -eu

dir=$2
# The daemons inherit what is open: without this, whoever reads our output would wait for them.
exec </dev/null

have() {
    command -v postfix >/dev/null && command -v dovecot >/dev/null && command -v openssl >/dev/null
}

install() {
    [ "$(id -u)" = 0 ] || { echo "not root" >&2; exit 77; }
    have && return
    command -v apt-get >/dev/null || { echo "no Postfix, and no apt-get to install it" >&2; exit 77; }
    export DEBIAN_FRONTEND=noninteractive
    packages="postfix dovecot-core openssl"
    for once in 1 2; do
        # shellcheck disable=SC2086
        apt-get install -y --no-install-recommends $packages >"$dir/apt.log" 2>&1 && return
        apt-get update >>"$dir/apt.log" 2>&1 || break
    done
    echo "apt-get could not install $packages" >&2
    exit 77
}

certificates() {
    cd "$dir"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=A CA for tests" -keyout ca.key -out ca.pem
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=localhost" -keyout key.pem -out request.pem
    echo "subjectAltName=DNS:localhost,IP:127.0.0.1" >extensions
    openssl x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile extensions -out cert.pem
    cd - >/dev/null
}

dovecot_config() {
    echo "drumbeat:{PLAIN}secret" >"$dir/users"
    cat >"$dir/dovecot.conf" <<EOF
base_dir = $dir/dovecot
log_path = $dir/dovecot.log
protocols =
ssl = no
auth_mechanisms = plain login
auth_failure_delay = 0
passdb {
  driver = passwd-file
  args = $dir/users
}
service auth {
  unix_listener $dir/queue/private/auth {
    mode = 0660
    user = postfix
  }
}
EOF
}

postfix_config() {
    mkdir -p "$dir/etc" "$dir/queue/private" "$dir/data" "$dir/mail/all"
    chown postfix "$dir/data" "$dir/queue/private"
    chown -R nobody "$dir/mail"
    printf '%s\n' '/^temp@/ 451 4.3.0 Not now' '/^perm@/ 550 5.1.1 No such person' >"$dir/etc/recipients"
    printf '%s\n' '/@example\.test$/ all/' >"$dir/etc/boxes"
    cat >"$dir/etc/main.cf" <<EOF
compatibility_level = 3.6
queue_directory = $dir/queue
data_directory = $dir/data
maillog_file = $dir/postfix.log
maillog_file_prefixes = $dir
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = localhost
mydestination =
alias_maps =
smtpd_tls_cert_file = $dir/cert.pem
smtpd_tls_key_file = $dir/key.pem
smtpd_tls_auth_only = yes
smtpd_error_sleep_time = 0
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
smtpd_recipient_restrictions = check_recipient_access regexp:$dir/etc/recipients, permit_sasl_authenticated, reject
virtual_mailbox_domains = example.test
virtual_mailbox_base = $dir/mail
virtual_mailbox_maps = regexp:$dir/etc/boxes
virtual_uid_maps = static:$(id -u nobody)
virtual_gid_maps = static:$(id -g nobody)
EOF
    cat >"$dir/etc/master.cf" <<EOF
127.0.0.1:$1 inet n - n - - smtpd -o smtpd_tls_security_level=encrypt
127.0.0.1:$2 inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
127.0.0.2:$2 inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
EOF
}

case $1 in
start)
    install
    chmod 755 "$dir"
    certificates >"$dir/openssl.log" 2>&1
    postfix_config "$3" "$4"
    dovecot_config
    dovecot -c "$dir/dovecot.conf" >"$dir/start.log" 2>&1
    postfix -c "$dir/etc" start >>"$dir/start.log" 2>&1
    ;;
wait)
    for once in $(seq 200); do
        [ "$(find "$dir/mail/all/new" -type f 2>/dev/null | wc -l)" -ge "$3" ] && exit 0
        sleep 0.05
    done
    tail -20 "$dir/postfix.log" >&2
    exit 1
    ;;
stop)
    postfix -c "$dir/etc" abort >>"$dir/start.log" 2>&1 || true
    kill "$(cat "$dir/dovecot/master.pid")" || true
    ;;
esac
