# Formats disks, works on them, and leaves them and the sums of their files in /x. Run inside.
set -e
cd "$(mktemp -d)"
mkdir m
make_disk() { # NAME OPTIONS...
  name=$1; shift
  truncate -s 12M "$name"
  mke2fs -q -F -t ext2 "$@" "$name"
  mount -o loop -t ext2 "$name" m
  mkdir m/d m/gone m/many
  echo hello > m/d/f
  ln m/d/f m/d/hard
  ln -s /etc/passwd m/d/short
  ln -s "$(head -c 100 /dev/zero | tr '\0' a)" m/d/long
  mknod m/d/null c 1 3
  mkfifo m/d/fifo
  head -c 5000000 /dev/urandom > m/big
  head -c 400000 m/big > m/cut
  truncate -s 123457 m/cut
  truncate -s 300000 m/cut
  truncate -s 3G m/sparse
  echo end >> m/sparse
  dd if=m/big of=m/holes bs=1000 seek=700 count=3 conv=notrunc 2>/dev/null
  for i in $(seq 1 120); do : > m/many/a_file_with_number_$i; done
  for i in $(seq 1 2 120); do rm m/many/a_file_with_number_$i; done
  for i in $(seq 1 40); do : > m/many/x$i; done
  mv m/d m/many/moved
  mv m/many/x1 m/many/x2
  mkdir m/empty; mv -T m/gone m/empty
  cp m/big m/second; rm m/second
  chown 70000:100001 m/cut; chmod 4711 m/cut; touch -d 2001-02-03 m/cut
  chattr +i m/holes
  ! echo no 2>/dev/null > m/holes
  chattr -i m/holes
  rmdir m/many/moved 2>/dev/null && exit 1
  (cd m && find . -type f -size -10M | sort | xargs md5sum) > "/x/$name.sums"
  (cd m && find . -printf '%P %y %m %U:%G %n %s %l\n' | sort) > "/x/$name.list"
  filefrag -e m/cut > "/x/$name.frag"
  ! head -c 20000000 /dev/zero 2>/dev/null > m/full
  rm m/full
  umount m
  cp --sparse=always "$name" "/x/$name"
  rm "$name"
}
make_disk k1 -b 1024
make_disk k4 -b 4096 -I 256
make_disk plain -b 2048 -O none -I 128
make_disk small -b 1024 -I 128 -g 1024 -N 600
