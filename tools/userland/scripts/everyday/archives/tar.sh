# about: tar: create, list, extract, append, incremental, sparse, formats
# equal: amd64 i386
# packages: tar gzip findutils
# sample: amd64
mkdir -p t/a/b; seq 5000 >t/n; head -c 100000 /dev/zero >t/a/z; ln -s ../n t/a/l; ln t/n t/hard; chmod 700 t/a/b; find t -exec touch -h -d @1700000000 {} +
tar --sort=name --owner=0 --group=0 -cf x.tar t; md5sum <x.tar; tar tvf x.tar | tr -s ' ' | cut -d' ' -f1,2,3,6-; mkdir o; tar xpf x.tar -C o; ls -R o; stat -c '%a %h %Y' o/t/a/b o/t/hard
mkdir e; echo x >e/hostname; tar rf x.tar -C e hostname; tar tf x.tar | tail -n 1; tar --delete -f x.tar hostname; tar -cS -f s.tar t; tar czf x.tgz t; tar xOf x.tgz t/n | tail -n 1; tar --format=pax -cf p.tar t; tar df p.tar && echo no difference
tar -g snap -cf 0.tar t 2>/dev/null; sleep 0.02; touch t/new; tar -g snap -cf 1.tar t; tar tf 1.tar | grep -v /$; tar tf nofile || echo status $?; tar --transform 's/t/T/' -cf - t | tar t | head -n 1; head -c 2000 x.tar | tar x -C o 2>&1 || echo status $?; tar --totals -cf /dev/null t 2>&1 | cut -d'(' -f1; tar c t | (cd o; tar xv) | sort | head -n 2
