# about: SQLite from Debian's source: configure, make, its shell and a test of its own
# packages: gcc libc6-dev make dpkg-dev tcl
# equal: amd64
# sources: sqlite3
# seconds: 1500
# memory: 3G
cp -r /usr/src/sqlite3 s; cd s; ./configure --disable-shared --disable-readline --disable-amalgamation >log 2>&1 || ./configure --disable-shared >log 2>&1 || tail log; make CFLAGS=-O0 sqlite3 >log2 2>&1 || tail -n 5 log2; ./sqlite3 :memory: 'create table t(a); with recursive c(x) as (select 1 union all select x+1 from c where x<1000) insert into t select x from c; select sum(a), count(*) from t; pragma integrity_check'; ./sqlite3 -version | cut -c1-5
