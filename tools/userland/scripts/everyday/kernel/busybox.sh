# about: busybox: its shell and forty of its applets
# equal: amd64 i386
# packages: busybox
# seconds: 120
seq 10 | busybox awk '{ s += $1 } END { print s }'; busybox seq 5 | busybox sort -rn | busybox head -n 2; busybox tar cf x.tar -C / etc/hostname; busybox tar tf x.tar; echo hi | busybox gzip | busybox zcat; busybox find /etc -name host.conf; echo aaa | busybox sed s/a/b/
busybox expr 2 + 3; busybox printf '%d\n' 7; busybox md5sum </dev/null; busybox dd if=/dev/zero bs=1k count=3 2>/dev/null | busybox wc -c; busybox stat -c %a /; busybox date -u -d @0 +%F; echo 2^70 | busybox bc; busybox dc -e '2 3 + p'; busybox xxd </etc/hostname; busybox timeout 1 busybox sleep 3 || echo $?; busybox cal 1 2024
busybox nc -l -p 99 >got & sleep 1; echo net | busybox nc -w 1 127.0.0.1 99; wait; cat got; busybox unshare -u busybox hostname; busybox ip -o link show lo | busybox cut -c1-5; busybox mount -t tmpfs none /mnt; busybox df /mnt | busybox tail -n 1 | busybox cut -c1-4; busybox ash -c 'echo $((1+1)); trap "echo t" TERM; kill $$; echo after'; busybox factor 91; busybox uuencode x </etc/hostname | busybox uudecode -o -
busybox pidof busybox | wc -w; busybox vi -c 'q!' /dev/null 2>/dev/null </dev/null | busybox wc -l >/dev/null; printf 'a\nb\n' >f; printf 'a\nc\n' >g; busybox diff f g || :; busybox ed f <<'END'
1p
q
END
busybox cpio -o -H newc <<'END' 2>/dev/null | busybox cpio -t 2>/dev/null
f
g
END
busybox watch -n 1 -t true 2>/dev/null & sleep 0.2; kill $!; busybox od -c f; busybox crontab -l 2>&1 | head -n 1; busybox env -i A=1 busybox env; busybox realpath .; busybox nproc | busybox grep -c .; busybox mktemp -u XXXXXX | wc -c; busybox tac f; busybox shuf -n 1 f | wc -l; busybox hexdump -C f; busybox strings /bin/true | busybox head -n 1; busybox uname -s; busybox time -f %x true 2>&1; busybox httpd -p 127.0.0.1:8080 -h /w; sleep 0.3; busybox wget -q -O - http://127.0.0.1:8080/f; busybox --list | wc -l
