# about: setfacl, getfacl, setfattr, getfattr, setcap, getcap, capsh, lsattr
# equal: amd64 i386
# packages: acl attr libcap2-bin
mount -t tmpfs none /mnt; cd /mnt; touch f; mkdir d; setfacl -m u:1000:rw,g:50:r f; getfacl -n f; setfacl -d -m u:7:rwx d; touch d/new; getfacl -nc d/new; chmod 600 f; getfacl -nc f; setfacl -b f; stat -c %a f
setfattr -n user.a -v hello f; setfattr -n trusted.b -v 0x0102 f; getfattr -d -m - -e hex f; setfattr -x user.a f; getfattr -n user.a f || echo status $?; cp --preserve=all d/new copy; getfacl -nc copy | head -n 2
cp /bin/true t; setcap cap_net_raw+ep t; getcap t; setcap -r t; getcap t; setpriv --reuid=1000 --clear-groups cat d/new || echo status $?; setpriv --reuid=7 --regid=7 --clear-groups sh -c 'cat d/new && echo readable'; capsh --drop=cap_chown -- -c 'chown 1 f' || echo status $?; cp /usr/bin/id i; chown 5:5 i; chmod 6755 i; setpriv --reuid=1000 --regid=1000 --clear-groups ./i; setpriv --reuid=1000 --clear-groups --no-new-privs ./i
