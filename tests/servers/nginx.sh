#!/bin/sh
# Starts a real nginx with docs/examples/nginx.conf, as it stands but for ports and paths, before two servers that tell what
# they were asked, and tries what the file promises. Takes seconds; needs root, nginx, openssl, python3 and curl.
#
#   tests/servers/nginx.sh
set -eu
cd "$(dirname "$0")/../.."
PATH=$PATH:/usr/sbin

for program in nginx openssl python3 curl; do
    command -v $program >/dev/null || { echo "nginx.sh: there is no $program" >&2; exit 1; }
done
dir=$(mktemp -d)
pids=
stop() {
    for pid in $pids; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$dir"
}
trap stop EXIT
# Its workers are nobody.
chmod 755 "$dir"

cat >"$dir/upstream.py" <<'END'
"""Two servers, public and admin, that answer with what they were asked. Prints four free ports: theirs come first."""
import http.server, socket, sys, threading

class Tell(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"{self.server.name}: {self.command} {self.path}\n{self.headers}".lower().encode()
        self.send_response(200)
        self.send_header("Content-Security-Policy", "default-src 'none'")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    do_POST = do_HEAD = do_DELETE = do_GET
    def log_message(self, *_):
        pass

servers = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), Tell) for _ in range(2)]
free = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*[server.server_port for server in servers], *[one.getsockname()[1] for one in free])
sys.stdout.flush()
for one in free:
    one.close()
for server, server.name in zip(servers, ["public", "admin"]):
    threading.Thread(target=server.serve_forever).start()
END
python3 "$dir/upstream.py" >"$dir/ports" &
upstream=$!
pids=$upstream
for _ in $(seq 100); do [ -s "$dir/ports" ] && break; sleep 0.05; done
read -r public admin http https <"$dir/ports"

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=drumbeat.example.com" \
    -addext "subjectAltName=DNS:drumbeat.example.com,DNS:drumbeat-admin.example.com" \
    -keyout "$dir/privkey.pem" -out "$dir/fullchain.pem" 2>"$dir/openssl.log"
echo "rita:$(openssl passwd -6 secret)" >"$dir/drumbeat.htpasswd"

site() {
    sed -e "s#listen 80;#listen 127.0.0.1:$http;#" -e "s#listen 443 ssl;#listen 127.0.0.1:$https ssl;#" \
        -e "s#:8087#:$public#" -e "s#:8088#:$admin#" -e "s#/etc/ssl/drumbeat/#$dir/#" \
        -e "s#/etc/nginx/drumbeat.htpasswd;#$dir/drumbeat.htpasswd;#" -e "s#/var/log/nginx/#$dir/#" \
        docs/examples/nginx.conf
}
cat >"$dir/nginx.conf" <<END
daemon off;
user nobody nogroup;
pid $dir/nginx.pid;
error_log $dir/error.log;
events {}
http {
    client_body_temp_path $dir/body;
    proxy_temp_path $dir/proxy;
    fastcgi_temp_path $dir/fastcgi;
    uwsgi_temp_path $dir/uwsgi;
    scgi_temp_path $dir/scgi;
    include $dir/site.conf;
}
END

# ask NAME PATH [CURL OPTIONS]: the status, then the answer with its head.
ask() {
    name=$1 path=$2
    shift 2
    curl --silent --max-time 5 --cacert "$dir/fullchain.pem" --connect-to "::127.0.0.1:$https" --include \
        --write-out '\n%{http_code}\n' "$@" "https://$name$path" >"$dir/answer" || true
    tail -n 1 "$dir/answer"
}
wrong() {
    echo "nginx.sh: $*" >&2
    [ ! -e "$dir/answer" ] || cat "$dir/answer" >&2
    exit 1
}
is() { [ "$2" = "$3" ] || wrong "$1: $3, not $2"; }
has() { grep -qi -- "$2" "$dir/answer" || wrong "$1: no '$2' in the answer"; }
hasnt() { ! grep -qi -- "$2" "$dir/answer" || wrong "$1: '$2' in the answer"; }
awaited() {
    for _ in $(seq 100); do
        curl --silent --insecure --max-time 1 --output "$dir/first" "https://127.0.0.1:$https/" && return
        sleep 0.05
    done
    cat "$dir/error.log" >&2
    wrong "nginx does not answer"
}

begin() {
    nginx -p "$dir" -c "$dir/nginx.conf" -e "$dir/error.log" &
    nginx=$!
    pids="$upstream $nginx"
    awaited
}
site >"$dir/site.conf"
begin

link=/p/v1.c2VjcmV0
www=drumbeat.example.com

found=$(curl --silent --max-time 5 --header "Host: $www" --write-out '%{http_code} %{redirect_url}' --output "$dir/answer" \
    "http://127.0.0.1:$http$link")
is "http leads to https" "301 https://$www$link" "$found"

is "a link" 200 "$(ask $www $link)"
has "a link" "^public: get $link"
has "what is said of the client" "^x-forwarded-for: 127.0.0.1"
has "what is said of the way" "^x-forwarded-proto: https"
has "Drumbeat's own headers pass" "^content-security-policy: default-src 'none'"
has "no way back to http" "^strict-transport-security: max-age="
is "a pressed button" 200 "$(ask $www $link --data nonce=1)"
has "a pressed button" "^public: post $link"
for path in /c/a.b /r/a.b /u/a.b; do is "$path" 200 "$(ask $www $path)"; done

ask $www $link --header "X-Remote-User: eve" --header "X_Remote_User: eve" --header "X-Forwarded-For: 192.0.2.9" >/dev/null
hasnt "a forged name, to the public pages" "eve"
hasnt "a forged address" "192.0.2.9"

for path in / /healthz /metrics /readyz /explain /explain/1 /p/ /p /x/a.b /p/a/b /p/..%2fmetrics /p/../metrics //metrics; do
    is "$path is not public" 404 "$(ask $www $path --path-as-is)"
    hasnt "$path is not public" "^admin:"
done
is "any other name gets the public pages alone" 404 "$(ask $www /metrics --header 'Host: 127.0.0.1')"
is "another method" 403 "$(ask $www $link --request DELETE)"
is "a form that is too long" 413 "$(ask $www $link --data "x=$(head -c 5000 /dev/zero | tr '\0' x)")"

closed=drumbeat-admin.example.com
is "the dashboard, from elsewhere" 403 "$(ask $closed / --user rita:secret)"
is "the numbers, from elsewhere" 403 "$(ask $closed /metrics --user rita:secret)"

# The same with the network of whoever runs this test let in.
site | sed 's#allow 192.0.2.0/24;#allow 127.0.0.0/8;#' >"$dir/site.conf"
# Begun anew, not reloaded: an old worker may answer for a moment longer.
kill "$nginx"
wait "$nginx" 2>/dev/null || true
begin

is "the dashboard, without a password" 401 "$(ask $closed / --header 'X-Remote-User: eve')"
is "the dashboard, with a wrong one" 401 "$(ask $closed / --user rita:guess)"
is "the dashboard" 200 "$(ask $closed / --user rita:secret --header 'X-Remote-User: eve' --header 'X_Remote_User: eve')"
has "the dashboard" "^admin: get /"
has "who signed in" "^x-remote-user: rita"
hasnt "a forged name, to the dashboard" "eve"
hasnt "the password goes no further" "^authorization:"
is "the dashboard is looked at, nothing else" 403 "$(ask $closed / --user rita:secret --data x=1)"

kill "$upstream"
wait "$upstream" 2>/dev/null || true
is "nothing listens behind it" 502 "$(ask $www $link)"
! grep -q "${link#/p/}" "$dir"/*.log || wrong "a link stands in a log"
[ -s "$dir/drumbeat.log" ] || wrong "the public pages have no log"
echo "nginx: redirect, headers, forged names and closed paths are as docs/examples/nginx.conf says"
