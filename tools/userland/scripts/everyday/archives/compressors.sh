# about: gzip, bzip2, xz (threads), zstd (threads), lz4, brotli: there and back
# equal: amd64 i386
# packages: gzip bzip2 xz-utils zstd lz4 brotli
# seconds: 120
seq 20000 >n; for c in 'gzip -9n' bzip2 'xz -T2 -2' 'zstd -q -T2 -5' 'lz4 -q' 'brotli -q 5'; do set -- $c; $c -c n >n.$1; $1 -dc n.$1 | cmp - n && echo "$c $(wc -c <n.$1) $(md5sum <n.$1)"; done
gzip -l n.gzip 2>&1 | head -n 1; xz -l n.xz --robot | head -n 1; zstd -tq n.zstd && echo ok; head -c 100 n.gzip | gzip -dc >/dev/null || echo status $?; echo junk | xz -dc || echo status $?; zcat <n.gzip | tail -n 1; zgrep -c 77 n.gzip; xzcat n.xz | head -n 1; cp n m; gzip m; zdiff n m.gz && echo zdiff; bzcat n.bzip2 | wc -c; zstd -q --train n -o dict 2>/dev/null || echo no dictionary
