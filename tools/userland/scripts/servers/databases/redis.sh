# about: redis: commands, Lua, publish and subscribe, background save, append-only file, benchmark
# equal: amd64 i386
# packages: redis-server redis-tools
# seconds: 180
redis-server --port 6380 --bind 127.0.0.1 --daemonize yes --dir /w --logfile log --save '' --appendonly yes >/dev/null; sleep 1; r() { redis-cli -p 6380 "$@"; }; r ping; r set a 1; r incr a; r rpush l x y z; r lrange l 0 -1; r zadd z 1 a 2 b; r zrange z 0 -1 withscores; r eval 'return redis.call("get", KEYS[1]) * 21' 1 a; (timeout 3 redis-cli -p 6380 subscribe c || :) >sub & sleep 1; r publish c hello; r bgsave; sleep 1; ls *.rdb; r config get maxmemory; r setex e 1 x; sleep 1.5; r exists e; redis-benchmark -p 6380 -n 200 -q -t set,get | grep -c 'requests per second'; r hset h f v; r hgetall h; r multi; r xadd s 1-1 k v; r xrange s - +; r info server | grep -c redis_version; r bgrewriteaof; sleep 1; wait; cat sub; r shutdown nosave; sleep 0.5; r ping 2>&1 | cut -c1-20; grep -c 'ready to exit' log
