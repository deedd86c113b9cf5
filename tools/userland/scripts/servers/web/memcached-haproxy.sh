# about: memcached and haproxy: text protocol, balancing, statistics
# equal: amd64 i386
# packages: memcached haproxy netcat-openbsd
# seconds: 120
memcached -u nobody -l 127.0.0.1 -p 11300 -t 2 & m=$!; sleep 1; printf 'set k 0 0 5\r\nhello\r\nget k\r\nincr n 1\r\nset n 0 0 1\r\n5\r\nincr n 3\r\nquit\r\n' | nc -N 127.0.0.1 11300 | tr -d '\r'; cat >c <<'END'
defaults
  mode tcp
  timeout connect 2s
  timeout client 5s
  timeout server 5s
listen m
  bind 127.0.0.1:11301
  server a 127.0.0.1:11300
END
haproxy -c -f c; haproxy -f c 2>/dev/null & h=$!; sleep 1.5; printf 'get k\r\nquit\r\n' | nc -N 127.0.0.1 11301 | tr -d '\r'; kill $h; kill $m; wait $h 2>/dev/null || :; wait $m 2>/dev/null || echo end $?
