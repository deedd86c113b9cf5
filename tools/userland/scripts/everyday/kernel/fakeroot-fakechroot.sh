# about: fakeroot (System V and TCP), fakechroot, faketime: preloaded libraries
# equal: amd64 i386
# packages: fakeroot fakechroot faketime
# seconds: 120
cat >s <<'END'
fakeroot sh -c 'id -u; touch f; chown 7:8 f; mknod n c 1 3; stat -c "%u %g %F" f n; tar cf t.tar f; tar tvf t.tar | cut -c1-20'; stat -c '%u' f; fakeroot-tcp sh -c 'touch g; chown 9 g; stat -c %u g'; fakeroot -s db touch h; fakeroot -i db -s db chown 11 h; fakeroot -i db stat -c %u h; fakechroot fakeroot sh -c 'chroot / /bin/echo chrooted'; faketime '2001-02-03 04:05:06' date -u +%F; faketime -f '+1d' date +%s | wc -c; faketime -f '@2010-01-01 00:00:00' sh -c 'date -u +%Y'
END
chmod 777 /w; setpriv --reuid=1000 --regid=1000 --clear-groups sh -e s
