# about: cp, mv, ln, rm, mkdir, touch, chmod, stat, install, mktemp, truncate, dd, shred
# equal: amd64 i386
# packages: coreutils
# sample: amd64
mkdir -p a/b/c; echo one >a/one; echo two >a/b/two; ln -s ../one a/b/link; ln a/one a/b/hard
chmod 640 a/one; touch -d '2020-01-02 03:04:05' a/b/two; cp -a a copy; mv copy/b copy/moved
stat -c '%n %s %a %F %h %u:%g' a/one a/b/two a/b/link; stat -c %Y a/b/two copy/moved/two
ls -l --time-style=+%s a/b | cut -d' ' -f1,2,3,4,5 | sed 1d
truncate -s 1M sparse; dd if=/dev/zero of=sparse bs=4k count=2 seek=3 conv=notrunc status=none; stat -c %s sparse
cp --reflink=auto sparse again; cmp sparse again && echo equal; dd if=sparse bs=1000 skip=1 count=3 2>&1 >/dev/null | head -n 2
install -D -m 751 a/one x/y/z; stat -c %a x/y/z; mktemp -d tmpXXXX | wc -c; rmdir tmp*; rm -r a; ls -d copy sparse x
rm nothing || echo status $?; rmdir x || echo status $?; realpath copy/moved/link; readlink copy/moved/link
basename /a/b.c .c; dirname /a/b.c; pathchk -p 'a:b' || echo odd; ln -sfn other link; readlink link; cp -n sparse again; ls -R copy
mkfifo fifo; echo through >fifo & cat fifo; wait; sync; du -s --apparent-size copy | cut -f2; shred -u sparse; chmod a=rX,u+w copy; stat -c %A copy
mknod null c 1 3; echo lost >null; stat -c '%F %t %T' null; chown 5:6 again; stat -c %u:%g again; cp -r copy copy2; rm -rf copy copy2; ls
