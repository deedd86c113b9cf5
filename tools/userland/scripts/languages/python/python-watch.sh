# about: Python watching files: inotify by ctypes, dnotify, signalfd, timerfd, epoll
# equal: amd64 i386
# packages: python3
cat >s.py <<'END'
import ctypes, os, struct, fcntl, signal, select, time
libc = ctypes.CDLL(None, use_errno=True); os.mkdir("d"); fd = libc.inotify_init1(os.O_NONBLOCK); wd = libc.inotify_add_watch(fd, b"d", 0xfff)
open("d/a", "w").write("x"); os.rename("d/a", "d/b"); os.chmod("d/b", 0o600); os.mkdir("d/s"); os.link("d/b", "d/c"); os.unlink("d/b"); open("d/c").read(); os.truncate("d/c", 0); os.rmdir("d/s"); os.utime("d/c", (1, 1))
b, o = os.read(fd, 65536), 0
while o < len(b):
    w, m, c, n = struct.unpack_from("iIII", b, o); print(w, hex(m), bool(c), b[o + 16 : o + 16 + n].rstrip(b"\0")); o += 16 + n
e = select.epoll(); e.register(fd, select.EPOLLIN); print(e.poll(0)); open("d/z", "w").close(); print([x[1] for x in e.poll(1)]); print(libc.inotify_rm_watch(fd, wd), hex(struct.unpack_from("iIII", os.read(fd, 999)[-16:])[1])); print(libc.inotify_rm_watch(fd, wd), ctypes.get_errno()); print(libc.inotify_add_watch(fd, b"nothing", 2), ctypes.get_errno())
hits = []; signal.signal(signal.SIGIO, lambda *a: hits.append(1)); d = os.open("d", os.O_RDONLY); fcntl.fcntl(d, fcntl.F_NOTIFY, fcntl.DN_CREATE | fcntl.DN_MULTISHOT); open("d/n", "w").close(); time.sleep(0.05); print(len(hits)); t = os.timerfd_create(time.CLOCK_MONOTONIC); os.timerfd_settime(t, initial=0.05, interval=0.05); time.sleep(0.18); print(struct.unpack("Q", os.read(t, 8))[0] in (2, 3, 4)); f = os.open("d", os.O_RDONLY); fcntl.fcntl(os.open("d/z", os.O_RDONLY), fcntl.F_SETLEASE, fcntl.F_RDLCK); print("lease")
END
python3 s.py
