# about: PostgreSQL: initdb, start, SQL, transactions, pgbench, dump, stop
# equal: amd64 i386
# packages: postgresql
# seconds: 600
# memory: 2G
# mask: (tps|latency|initial connection|number of failed) .*|^done in .* => T
# mask: pid \d+|PID:? \d+ => PID
mkdir d; chown postgres d; cd d; PATH=$PATH:$(echo /usr/lib/postgresql/*/bin); p() { runuser -u postgres -- "$@"; }; p env PATH=$PATH initdb -D /w/d/data --no-sync -A trust >log 2>&1 || tail log; grep -c ok log; p env PATH=$PATH pg_ctl -D /w/d/data -o '-c unix_socket_directories=/w/d -c fsync=off -c listen_addresses=127.0.0.1' -l /w/d/server -w -t 200 start | tail -n 1; export PGHOST=/w/d PGUSER=postgres
psql -Atc 'select version()' | cut -d' ' -f1,2; psql -At <<'END'
create table t(a int primary key, b text); insert into t select i, 'row ' || i from generate_series(1, 1000) i; select count(*), sum(a) from t; begin; delete from t; rollback; select count(*) from t; create index on t(b); explain (costs off) select * from t where a = 5; select jsonb_path_query('{"a":[1,2]}', '$.a[*]'); with recursive f(n, x) as (select 1, 1::numeric union all select n + 1, x * (n + 1) from f where n < 30) select max(x) from f; select a, rank() over (order by b) from t limit 2; create function g(x int) returns int language plpgsql as 'begin return x * 2; end'; select g(21); listen c; notify c, 'hi'; select 1 / 0; vacuum analyze t; set max_parallel_workers_per_gather = 2; set parallel_setup_cost = 0; set min_parallel_table_scan_size = 0; select count(*) from t; copy (select 1, 'x') to stdout;
END
createdb bench; pgbench -i -q -s 1 bench 2>&1 | tail -n 1; pgbench -c 2 -t 20 bench 2>&1 | grep -E 'processed|type'; pg_dump bench | grep -c 'CREATE TABLE'; psql -h 127.0.0.1 -Atc 'select pg_is_in_recovery()'; p env PATH=$PATH pg_ctl -D /w/d/data -w -m fast stop | tail -n 1; grep -c 'shut down' /w/d/server
