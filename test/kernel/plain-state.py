# A guest with many kinds of state: threads that wait, sockets of all kinds, timers, a child, mappings, locks, open
# files of /proc, a pseudo-terminal, a filter. It says "ready" and waits.
import ctypes, fcntl, mmap, os, select, signal, socket, struct, subprocess, tempfile, threading, time

listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(5)
client = socket.create_connection(listener.getsockname())
server, _ = listener.accept()
client.send(b"hello" * 1000)
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("127.0.0.1", 0))
udp.sendto(b"x", udp.getsockname())
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
left, right = socket.socketpair()
left.sendmsg([b"fd"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("i", 1))])
poll = select.epoll()
poll.register(server, select.EPOLLIN)
poll.register(udp, select.EPOLLIN | select.EPOLLET)
signal.signal(signal.SIGALRM, lambda *_: None)
signal.setitimer(signal.ITIMER_REAL, 0.5, 0.5)
event = threading.Event()
waits = [event.wait, lambda: right.recv(1) and time.sleep(100), lambda: listener.accept(), lambda: poll.poll(), lambda: fcntl.flock(locked, 2)]
file = tempfile.TemporaryFile()
file.write(b"abc")
file.flush()
fcntl.lockf(file, fcntl.LOCK_EX)
named = tempfile.NamedTemporaryFile()
fcntl.flock(named, fcntl.LOCK_EX)
locked = open(named.name)
threads = [threading.Thread(target=wait, daemon=True) for wait in waits]
for thread in threads:
    thread.start()
child = subprocess.Popen(["/bin/sh", "-c", "sleep 5; cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
private = mmap.mmap(-1, 1 << 16)
private[0] = 1
shared = mmap.mmap(file.fileno(), 3)
names = ["self/status", "meminfo", "self/maps", "sys/kernel/ostype", "self/mounts", "self/fd/0", "sys/net/ipv4/ip_forward", "self/net/tcp"]
files = [open("/proc/" + name, "rb", 0) for name in names] + [open("/dev/" + name, "rb", 0) for name in ["null", "urandom", "zero"]]
for each in files[:4]:
    each.read(10)
folders = [os.open(name, 0) for name in ["/proc/self/fd", "/proc/self/task", "/sys", "/sys/class", "/sys/fs/cgroup", "/tmp", "/dev/shm"]]
for folder in folders:
    os.listdir(folder)
memory = os.memfd_create("x")
os.write(memory, b"1")
fifo = tempfile.mkdtemp() + "/fifo"
os.mkfifo(fifo)
libc = ctypes.CDLL(None)
descriptors = [os.eventfd(3), libc.timerfd_create(1, 0), libc.inotify_init(), os.pidfd_open(child.pid)]
libc.inotify_add_watch(descriptors[2], b"/tmp", 0xFFF)
libc.signalfd(-1, ctypes.byref((ctypes.c_ulong * 16)()), 0)
terminal = os.openpty()
os.write(terminal[1], b"hello\n")
# A filter that allows all: BPF_RET, SECCOMP_RET_ALLOW.
program = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0x7FFF0000))
libc.prctl(38, 1, 0, 0, 0)
libc.prctl(22, 2, ctypes.create_string_buffer(struct.pack("HxxxxxxP", 1, ctypes.addressof(program))), 0, 0)
print("ready", flush=True)
while True:
    time.sleep(1)
