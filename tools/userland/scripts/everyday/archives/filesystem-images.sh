# about: mke2fs, e2fsck, debugfs, mkfs.fat, mtools, mksquashfs, xorriso: images in files
# equal: amd64 i386
# packages: e2fsprogs dosfstools mtools squashfs-tools xorriso
# seconds: 120
# mask: ^(Creation time|Filesystem UUID|Directory Hash Seed|Last .*|Filesystem created|Created).* => $1
mkdir t; seq 1000 >t/n; echo x >t/x; truncate -s 4M e; mke2fs -q -t ext4 -d t -U 00000000-0000-4000-8000-000000000000 -E hash_seed=00000000-0000-4000-8000-000000000000 e; e2fsck -fn e 2>&1 | tail -n 1; debugfs -R 'cat /x' e 2>/dev/null; debugfs -R 'ls -p /' e 2>/dev/null | cut -d/ -f2,6; dumpe2fs -h e 2>/dev/null | grep -E 'Inode count|Block count|Block size'; resize2fs e 8M 2>&1 | tail -n 2; tune2fs -L name e >/dev/null; e2label e
truncate -s 2M f; mkfs.fat -i 12345678 f | head -n 1; mcopy -i f t/n ::; mdir -b -i f ::; mtype -i f ::n | tail -n 1; fsck.fat -n f | tail -n 1; mksquashfs t s -quiet -no-progress -all-time 0 -mkfs-time 0 -all-root >/dev/null; unsquashfs -l s | tail -n 2; unsquashfs -q -n -d o s >/dev/null; cmp o/n t/n && echo equal; xorriso -as mkisofs -quiet -o i.iso t 2>/dev/null; xorriso -indev i.iso -find / -type f 2>/dev/null | sort; isoinfo -V 2>/dev/null | head -n 0; mkswap -U 00000000-0000-4000-8000-000000000000 f | tail -n 1; blkid -p -o value -s TYPE e s i.iso
