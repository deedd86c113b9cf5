# about: curl and wget against a server of this machine: ranges, redirections, uploads, headers, Unix sockets
# equal: amd64 i386
# packages: curl wget python3-minimal libpython3-stdlib
# seconds: 120
cat >s.py <<'END'
import http.server
class H(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *a): pass
    def send(self, code, body, **headers):
        self.send_response(code)
        for k, v in headers.items(): self.send_header(k, v)
        self.send_header("Content-Length", str(len(body))); self.end_headers()
        if self.command != "HEAD": self.wfile.write(body)
    def do_GET(self):
        if self.path == "/r": return self.send(302, b"", Location="/f")
        if self.path == "/f": return self.send(200, b"x" * 1000)
        if self.path == "/h": return self.send(200, str(self.headers.get("X-Y")).encode())
        self.send(404, b"none")
    do_HEAD = do_GET
    def do_POST(self):
        self.send(200, self.rfile.read(int(self.headers["Content-Length"]))[::-1])
    do_PUT = do_POST
http.server.ThreadingHTTPServer(("127.0.0.1", 8000), H).serve_forever()
END
python3 s.py & for i in 1 2 3 4 5 6 7 8 9; do sleep 0.5; curl -s -o /dev/null http://127.0.0.1:8000/ && break; done
u=http://127.0.0.1:8000; curl -s $u/f | wc -c; curl -sL -w '%{http_code} %{num_redirects} %{size_download}\n' -o o $u/r; curl -s -H 'X-Y: z' $u/h; echo; curl -s -d abc $u/; echo; seq 10 | curl -s -T - -H 'Transfer-Encoding:' -H 'Content-Length: 21' $u/; curl -s -I $u/f | grep -i length; curl -sf $u/no || echo status $?
wget -q $u/f; wc -c f; wget -q -O - --header 'X-Y: w' $u/h; echo; wget -q $u/no || echo status $?; wget -S --spider $u/f 2>&1 | grep -c 200; wget -q --post-data=abc -O - $u/; echo; curl -s http://127.0.0.1:1/ || echo status $?; curl -s file:///etc/hostname; curl -Z -s $u/f $u/f | wc -c; curl --version | head -n 1 | cut -d' ' -f1,2; curl -s telnet://127.0.0.1:1 || echo status $?; kill $!
