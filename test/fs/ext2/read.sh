# Mounts disks of the host, and prints their files. Run inside.
set -e
cd "$(mktemp -d)"
mkdir m
for name in "$@"; do
  cp "/x/$name" disk
  mount -o loop,ro -t ext2 disk m
  (cd m && find . -type f -size -10M | sort | xargs md5sum)
  (cd m && find . -printf '%P %y %m %U:%G %n %s %l\n' | sort)
  ! touch m/new 2>/dev/null
  umount m
done
