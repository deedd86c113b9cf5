# about: mount, umount, findmnt, mountpoint: tmpfs, bind, move, propagation, read-only, proc
# equal: amd64 i386
# packages: util-linux mount
cat >s <<'END'
mkdir a b c; mount -t tmpfs -o size=1M,mode=750 none a; mountpoint a; stat -c %a a; echo x >a/f; mount --bind a b; cat b/f; mount -o remount,bind,ro b; touch b/g || echo read-only; findmnt -n -o TARGET,FSTYPE,PROPAGATION /w/a; umount b; mountpoint b || echo status $?
mount --rbind a c; mount --make-rprivate c; mount -t tmpfs none c; umount c; umount c; mount --move a b; ls b; ls a; mount --make-shared b; findmnt -n -o PROPAGATION b; mount -t proc none c; ls c/self >/dev/null && echo proc; umount c
head -c 2000000 /dev/zero >b/big || echo full; df --output=size b | tail -n 1; cd b; umount /w/b || echo busy; cd ..; umount -l b; umount a || echo status $?; mount -t suchfs none a || echo status $?
touch file; mount --bind /etc/hostname file; cat file; umount file; mount -t devpts -o newinstance,ptmxmode=666 none c; ls c; umount c; mount -t tmpfs -o noexec none a; cp /bin/true a; a/true || echo noexec; umount a; mount -t ramfs none a; findmnt -n -o FSTYPE a; umount a; mount -t sysfs none a && ls a | head -n 3; umount a
END
unshare -m sh -e s; findmnt -n -o TARGET --list | grep -c /w/ || echo none; grep ' /proc ' /proc/mounts | cut -d' ' -f3
