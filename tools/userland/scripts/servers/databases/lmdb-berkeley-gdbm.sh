# about: LMDB, GDBM, Berkeley DB, tokyocabinet: files of keys in shared maps and locks
# equal: amd64 i386
# packages: lmdb-utils gdbmtool db-util
printf 'VERSION=3\nformat=print\ntype=btree\nHEADER=END\n k1\n v1\n k2\n v2\nDATA=END\n' >d; mkdir l; mdb_load -f d l; mdb_dump -p l | tail -n 5; mdb_stat l | grep -E 'Entries|depth'; mdb_stat -r l | wc -l; printf 'store a 1\nstore b 2\nfetch a\ncount\nlist\n' | gdbmtool g.db; gdbm_dump g.db | grep -c data; printf 'k1\nv1\nk2\nv2\n' | db_load -T -t btree b.db; db_dump -p b.db | tail -n 5; db_verify b.db && echo verified; db_stat -d b.db | grep -c keys
