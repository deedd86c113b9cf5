# about: Python: http.server, urllib, xmlrpc, socketserver, smtplib-free mail, WSGI, threads of a server
# equal: amd64 i386
# packages: python3
# seconds: 120
cat >s.py <<'END'
import http.server, threading, urllib.request, urllib.error, xmlrpc.server, xmlrpc.client, socketserver, socket, wsgiref.simple_server, email.message, http.client, os, signal
class H(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/e": return self.send_error(500)
        self.send_response(200); self.send_header("X", "y"); self.end_headers(); self.wfile.write(b"hello" + self.path.encode())
    def log_message(self, *a): pass
s = http.server.ThreadingHTTPServer(("127.0.0.1", 0), H); threading.Thread(target=s.serve_forever, daemon=True).start(); u = f"http://127.0.0.1:{s.server_port}"
r = urllib.request.urlopen(u + "/a"); print(r.status, r.headers["X"], r.read())
try: urllib.request.urlopen(u + "/e")
except urllib.error.HTTPError as e: print(e.code)
ts = []; out = []
for i in range(8): t = threading.Thread(target=lambda i=i: out.append(urllib.request.urlopen(f"{u}/{i}").read())); t.start(); ts.append(t)
[t.join() for t in ts]; print(sorted(out)); s.shutdown()
x = xmlrpc.server.SimpleXMLRPCServer(("127.0.0.1", 0), logRequests=False); x.register_function(pow); threading.Thread(target=x.serve_forever, daemon=True).start(); print(xmlrpc.client.ServerProxy(f"http://127.0.0.1:{x.server_address[1]}").pow(2, 10)); x.shutdown()
class F(socketserver.StreamRequestHandler):
    def handle(self): self.wfile.write(str(os.getpid() != parent).encode() + self.rfile.readline())
parent = os.getpid(); f = socketserver.ForkingTCPServer(("127.0.0.1", 0), F); threading.Thread(target=f.serve_forever, daemon=True).start(); c = socket.create_connection(f.server_address); c.sendall(b" forked\n"); print(c.makefile().read()); f.shutdown()
w = wsgiref.simple_server.make_server("127.0.0.1", 0, lambda e, st: (st("200 OK", []), [e["REQUEST_METHOD"].encode()])[1], handler_class=type("Q", (wsgiref.simple_server.WSGIRequestHandler,), {"log_message": lambda *a: None})); threading.Thread(target=w.handle_request, daemon=True).start(); print(urllib.request.urlopen(f"http://127.0.0.1:{w.server_port}/", data=b"x").read()); m = email.message.EmailMessage(); m["To"] = "a@b"; m.set_content("text"); print(m.as_string().count("\n")); un = socketserver.UnixStreamServer("/w/u", F); threading.Thread(target=un.handle_request, daemon=True).start(); c = socket.socket(socket.AF_UNIX); c.connect("/w/u"); c.sendall(b" unix\n"); print(c.recv(99)); a = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); a.bind(("::1", 0)); b = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); b.sendto(b"six", a.getsockname()); print(a.recvfrom(9)[0])
END
python3 s.py
