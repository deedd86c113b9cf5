# about: zlib from Debian's source: configure, make, its tests
# equal: amd64
# packages: gcc libc6-dev make dpkg-dev
# sources: zlib
# seconds: 900
# memory: 2G
cp -r /usr/src/zlib z; cd z; ./configure --static 2>&1 | grep -E 'Building|Checking for (off64_t|fseeko)'; make -j2 >log 2>&1; make test 2>&1 | grep -E 'test|inflate|deflate|gzgets' | grep -v '^\(gcc\|[{]\)'; seq 1000 | ./minigzip | ./minigzip -d | tail -n 1
