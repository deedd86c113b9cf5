# about: nginx: two workers, static files, a proxy, compression, reload, logs
# mask: ^\d+/\d+/\d+ [\d:]+ \[notice\] \d+#\d+ => NOTICE
# equal: amd64 i386
# packages: nginx-light curl
# seconds: 120
mkdir -p w l; echo hello >w/f; seq 2000 >w/big; cat >c <<'END'
worker_processes 2; pid /w/pid; error_log /w/l/e; events { worker_connections 64; }
http { access_log /w/l/a combined; gzip on; gzip_types text/plain; default_type text/plain; server { listen 127.0.0.1:8080; root /w/w; location /p/ { proxy_pass http://127.0.0.1:8081/; } location /r { return 301 /f; } location /auto/ { alias /w/w/; autoindex on; } } server { listen 127.0.0.1:8081; location / { return 200 "back $uri\n"; } } }
END
chmod 777 l; nginx -t -c /w/c 2>&1 | tail -n 1; nginx -c /w/c; sleep 0.5; u=http://127.0.0.1:8080; curl -s $u/f; curl -s $u/p/x; curl -s -o /dev/null -w '%{http_code} %{redirect_url}\n' $u/r; curl -s --compressed $u/big | md5sum; curl -s -r 0-3 $u/big; curl -sI $u/no | head -n 1 | tr -d '\r'; curl -s $u/auto/ | grep -c href; echo new >w/f; nginx -c /w/c -s reload; sleep 1; curl -s $u/f; for i in 1 2 3 4 5; do curl -s $u/f & done | sort | uniq -c; wait; nginx -c /w/c -s quit; sleep 1; curl -s $u/f || echo status $?; wc -l <l/a; ls /w/pid 2>/dev/null || echo stopped
