# about: find, xargs: walks over 3000 files
# equal: amd64 i386
# packages: findutils
mkdir t; cd t; for i in $(seq 30); do mkdir d$i; (cd d$i; seq 100 | xargs touch); done
find . -type f | wc -l; find . -name '9*' | sort | head -n 5; find . -name '7' -delete; find . -type f | wc -l; find . -maxdepth 1 -type d | sort -V | tail -n 2
find . -name '5?' -print0 | xargs -0 -n 100 -P 2 echo | wc -w; find d1 -size 0 -exec echo {} + | wc -w; seq 7 | xargs -n 3; seq 3 | xargs -I@ echo a@b
find . -newer d1/1 -name 99 | wc -l | grep -c .; echo text >f; find f -printf '%f %s %m %y %n\n'; find . -empty -type d | wc -l; xargs false </dev/null || echo status $?
find /usr/lib* -xdev -name 'ld-linux*' | sort; find /nowhere 2>&1 || echo status $?; find d2 -type f -name '1?' -execdir pwd ';' | sort | uniq -c; find d3 -regex '.*/[0-9]' | wc -l; find . -perm 644 -a ! -user 5 | wc -l; find -L . -links +1 -type f | wc -l
