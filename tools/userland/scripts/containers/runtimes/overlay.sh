# about: overlayfs: mount and bwrap --tmp-overlay
# equal: amd64 i386
# packages: bubblewrap util-linux
mkdir l u o m; echo lower >l/f; bwrap --dev-bind / / --overlay-src /etc --tmp-overlay /mnt cat /mnt/hostname 2>&1 || echo status $?; mount -t tmpfs none o; mkdir o/u o/w; mount -t overlay -o lowerdir=l,upperdir=o/u,workdir=o/w none m 2>&1 && { cat m/f; echo new >m/f; cat l/f o/u/f; rm m/f; ls -l o/u | cut -c1; umount m; }
