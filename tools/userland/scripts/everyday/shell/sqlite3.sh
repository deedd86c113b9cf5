# about: sqlite3: transactions, WAL, JSON, window functions, full-text search, dump, locks between processes
# equal: amd64 i386
# packages: sqlite3
# sample: amd64
sqlite3 t.db <<'END'
pragma journal_mode=wal; create table t(a integer primary key, b text);
with recursive c(x) as (select 1 union all select x+1 from c where x<2000) insert into t select x, 'row '||x from c;
select count(*), sum(a) from t; create index i on t(b); select * from t where b='row 77'; begin; delete from t where a>10; rollback; select count(*) from t;
select json_extract('{"a":[1,2]}', '$.a[1]'); select a, sum(a) over (order by a) from t limit 3;
create virtual table f using fts5(x); insert into f values ('hello world'); select x from f where f match 'world'; pragma integrity_check; vacuum;
END
sqlite3 t.db .dump | wc -l; sqlite3 -json t.db 'select * from t limit 2'; sqlite3 t.db 'select sqlite_version()'; ls; sqlite3 bad.db 'selec' || echo status $?
for i in 1 2 3; do sqlite3 -cmd '.timeout 20000' t.db "insert into t(b) values ('p$i')" & done; wait; sqlite3 t.db "select count(*) from t where b like 'p%'"; sqlite3 t.db '.mode box' 'select a, b from t limit 2' '.schema' | head -n 8
