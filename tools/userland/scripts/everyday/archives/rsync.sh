# about: rsync: local copies, deltas, deletion, dry run, a pipe, a daemon
# equal: amd64 i386
# packages: rsync
# mask: ^(d\S+) +[\d,]+  => $1 
mkdir -p t/a/b; seq 5000 >t/n; head -c 100000 /dev/zero >t/a/z; ln -s ../n t/a/l; ln t/n t/hard; chmod 700 t/a/b; find t -exec touch -h -d @1700000000 {} +
rsync -aH --stats t/ u | grep -E 'Number of (files|created)'; ls -R u; sed -i 's/^77$/x/' t/n; rm t/a/l; rsync -ain --delete t/ u; rsync -aH --no-whole-file --delete t/ u; cmp t/n u/n && echo equal
printf '#!/bin/sh\nshift\nexec "$@"\n' >sh1; chmod +x sh1; rsync -a -e /w/sh1 t/ host:/w/v; ls -R v; rsync -a --exclude=z --list-only t/ | tr -s ' ' | cut -d' ' -f1,2,5; rsync nothing u || echo status $?
printf '[m]\npath = /w/t\nuse chroot = no\nuid = 0\ngid = 0\n' >conf; rsync --daemon --no-detach --config=conf --port=8730 --address=127.0.0.1 & sleep 1; rsync -a rsync://127.0.0.1:8730/m/ w; cmp t/n w/n && echo daemon; kill $!
