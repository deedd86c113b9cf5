# about: Python: multiprocessing (fork, spawn, forkserver), shared memory, subprocess, threading, signals
# equal: amd64 i386
# packages: python3
# seconds: 180
cat >s.py <<'END'
import multiprocessing as mp, multiprocessing.shared_memory as sm, subprocess, threading, signal, os, sys, time, queue
def work(x): return x * x
def child(q, l, v, e):
    with l: v.value += 1
    q.put(os.getpid() != os.getppid()); e.set()
if __name__ == "__main__":
    for m in ("fork", "spawn", "forkserver"):
        c = mp.get_context(m); q, l, v, e = c.Queue(), c.Lock(), c.Value("i", 0), c.Event(); ps = [c.Process(target=child, args=(q, l, v, e)) for _ in range(2)]; [p.start() for p in ps]; print(m, [q.get() for _ in ps], e.wait(5)); [p.join() for p in ps]; print(v.value, [p.exitcode for p in ps])
    with mp.Pool(2) as p: print(p.map(work, range(6)))
    s = sm.SharedMemory(create=True, size=100); s.buf[:3] = b"abc"; t = sm.SharedMemory(s.name); print(bytes(t.buf[:3])); t.close(); s.close(); s.unlink()
    print(subprocess.run(["sh", "-c", "echo out; echo err >&2; exit 3"], capture_output=True, text=True)); p = subprocess.Popen("cat", stdin=-1, stdout=-1); print(p.communicate(b"x" * 100000)[0] == b"x" * 100000)
    try: subprocess.run(["sleep", "9"], timeout=0.2)
    except subprocess.TimeoutExpired: print("expired")
    print(subprocess.run(["sh", "-c", "kill -9 $$"]).returncode, subprocess.check_output(["id", "-u"], user=1000), subprocess.run(["pwd"], cwd="/", start_new_session=True).returncode)
    q = queue.Queue(); ts = [threading.Thread(target=lambda i=i: q.put(i * 2)) for i in range(5)]; [t.start() for t in ts]; [t.join() for t in ts]; print(sorted(q.get() for _ in ts)); b = threading.Barrier(3); ts = [threading.Thread(target=b.wait) for _ in range(2)]; [t.start() for t in ts]; b.wait(); [t.join() for t in ts]; print("barrier")
    signal.signal(signal.SIGALRM, lambda *a: print("alarm")); signal.setitimer(signal.ITIMER_REAL, 0.1); signal.pause(); signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2]); os.kill(os.getpid(), signal.SIGUSR2); print(signal.sigwait([signal.SIGUSR2])); print(signal.sigtimedwait([signal.SIGUSR2], 0.1)); a, b = mp.Pipe(); a.send({"k": 1}); print(b.recv()); pid = os.posix_spawn("/bin/echo", ["echo", "spawned"], os.environ); print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])); fd = os.pidfd_open(os.getpid()); print(fd > 2); r, w = os.pipe(); os.write(w, b"x"); os.close(w); print(os.open(f"/proc/self/fd/{r}", 0) > 2)
END
python3 s.py
