# about: Python: asyncio with subprocesses, sockets, signals, timers, queues, executors
# equal: amd64 i386
# packages: python3
# seconds: 120
cat >s.py <<'END'
import asyncio, signal, os, sys, concurrent.futures
async def echo(r, w):
    w.write((await r.readline()).upper()); await w.drain(); w.close()
def square(x): return x * x
async def main():
    s = await asyncio.start_server(echo, "127.0.0.1", 0); port = s.sockets[0].getsockname()[1]
    async def client(n):
        r, w = await asyncio.open_connection("127.0.0.1", port); w.write(f"hello {n}\n".encode()); l = await r.read(); w.close(); return l.decode().strip()
    print(await asyncio.gather(*(client(i) for i in range(5))))
    p = await asyncio.create_subprocess_exec("tr", "a-z", "A-Z", stdin=-1, stdout=-1); print((await p.communicate(b"sub"))[0], p.returncode)
    p = await asyncio.create_subprocess_shell("sleep 30"); await asyncio.sleep(0.1); p.terminate(); print(await p.wait())
    loop = asyncio.get_running_loop(); got = asyncio.Event(); loop.add_signal_handler(signal.SIGUSR1, got.set); os.kill(os.getpid(), signal.SIGUSR1); await got.wait(); print("signal")
    try: await asyncio.wait_for(asyncio.sleep(9), 0.1)
    except TimeoutError: print("timeout")
    q = asyncio.Queue(2)
    async def produce():
        for i in range(5): await q.put(i)
        await q.put(None)
    async def consume():
        l = []
        while (x := await q.get()) is not None: l.append(x)
        return l
    print((await asyncio.gather(produce(), consume()))[1])
    print(await loop.run_in_executor(None, square, 12))
    with concurrent.futures.ProcessPoolExecutor(2) as ex: print(await asyncio.gather(*(loop.run_in_executor(ex, square, i) for i in range(4))))
    r, w = await asyncio.open_unix_connection("/w/u") if os.path.exists("/w/u") else (None, None); print(r)
    async with asyncio.timeout(5):
        async with asyncio.TaskGroup() as g: ts = [g.create_task(client(i)) for i in range(3)]
    print([t.result() for t in ts])
asyncio.run(main())
END
python3 s.py
