# about: MariaDB: install, start, SQL, transactions, dump, stop
# equal: amd64 i386
# packages: mariadb-server
# seconds: 900
# memory: 3G
mkdir -p /run/mysqld d; chown mysql /run/mysqld d; mariadb-install-db --user=mysql --datadir=/w/d --skip-test-db --auth-root-authentication-method=normal >log 2>&1 || tail -n 5 log; grep -c OK log; mariadbd --user=mysql --datadir=/w/d --socket=/w/d/s --pid-file=/w/d/p --port=3307 --bind-address=127.0.0.1 --innodb-flush-log-at-trx-commit=0 >server 2>&1 & for i in $(seq 100); do sleep 1; mariadb-admin -S /w/d/s ping >/dev/null 2>&1 && break; done
mariadb -S /w/d/s -N <<'END'
select substring_index(version(), '.', 1); create database x; use x; create table t(a int primary key, b varchar(20), key(b)) engine=innodb; insert into t select seq, concat('row ', seq) from seq_1_to_1000; select count(*), sum(a) from t; start transaction; delete from t; rollback; select count(*) from t; select json_extract('{"a":[1,2]}', '$.a[1]'); create table m(a int) engine=aria; insert into m values (1), (2); select * from m; with recursive f as (select 1 n union all select n + 1 from f where n < 5) select group_concat(n) from f; create procedure p() select 'proc'; call p(); check table t;
END
mariadb-dump -S /w/d/s x | grep -c INSERT; mariadb -h 127.0.0.1 -P 3307 -N -e 'select 6 * 7'; mariadb -S /w/d/s -e 'selec' 2>&1 | cut -c1-20; mariadb-admin -S /w/d/s shutdown; wait; grep -c 'Shutdown complete' server
