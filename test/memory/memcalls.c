// Runs a script of memory calls and prints each result: the native side of memcalls.test.ts. Freestanding, so that the address space
// holds nothing but this program, its stack and the vDSO. Build: gcc -O1 -static -nostdlib -no-pie [-m32] memcalls.c
//
// One command a line, numbers in hex; `@n` is the result of line n, an error counting as 0, and terms may be added: `@3+1000`. The result is printed in hex,
// negative ones as -errno in decimal.
//   map at length prot flags file offset   (file: 0 none, 1 read-write, 2 read-only, 3 write-only)
//   unmap at length | protect at length prot | remap at old new flags newAt | advise at length advice | sync at length flags
//   core at length vec | brk to | lock at length | lock2 at length flags | unlock at length | lockall flags | unlockall
//   peek at | poke at byte     by the kernel: -14 where a system call would get EFAULT
//   load at | store at byte    by the processor: "signal N code M" where it faults
//   trunc size | pread offset | pwrite offset byte | maps
typedef unsigned long word;
typedef unsigned char u8;

#ifdef __x86_64__
enum { READ, WRITE, OPEN, MMAP = 9, MPROTECT, MUNMAP, BRK, SIGACTION, SIGRETURN = 15, PREAD = 17, PWRITE, PIPE = 22, MREMAP = 25, MSYNC, MINCORE,
	MADVISE, EXIT = 60, FTRUNCATE = 77, MLOCK = 149, MUNLOCK, MLOCKALL, MUNLOCKALL, MLOCK2 = 325 };
static word call6(word n, word a, word b, word c, word d, word e, word f)
{
	register word r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
	word r;
	__asm__ volatile("syscall" : "=a"(r) : "0"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
	return r;
}
#else
enum { READ = 3, WRITE, OPEN, MMAP = 192, MPROTECT = 125, MUNMAP = 91, BRK = 45, SIGACTION = 174, SIGRETURN = 173, PREAD = 180, PWRITE = 181, PIPE = 42,
	MREMAP = 163, MSYNC = 144, MINCORE = 218, MADVISE = 219, EXIT = 1, FTRUNCATE = 93, MLOCK = 150, MUNLOCK, MLOCKALL, MUNLOCKALL, MLOCK2 = 376 };
static word call6(word n, word a, word b, word c, word d, word e, word f)
{
	word args[7] = { a, b, c, d, e, f, n }, r;
	__asm__ volatile("push %%ebx\n\tpush %%ebp\n\tmov (%1), %%ebx\n\tmov 4(%1), %%ecx\n\tmov 8(%1), %%edx\n\tmov 12(%1), %%esi\n\t"
		"mov 20(%1), %%ebp\n\tmov 24(%1), %%eax\n\tmov 16(%1), %%edi\n\tint $0x80\n\tpop %%ebp\n\tpop %%ebx"
		: "=a"(r) : "D"(args) : "ecx", "edx", "esi", "memory");
	return r;
}
#endif
#define call(n, ...) CALL(n, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define CALL(n, a, b, c, d, e, f, ...) call6(n, (word)(a), (word)(b), (word)(c), (word)(d), (word)(e), (word)(f))

static char script[1 << 16], text[1 << 16];
static word results[4096];
static int pipes[2], files[4], signo, code;

static void put(const char *s) { word n = 0; while (s[n]) n++; call(WRITE, 1, s, n); }
static void putHex(word v)
{
	char b[20]; int i = 20;
	do b[--i] = "0123456789abcdef"[v & 15]; while (v >>= 4);
	call(WRITE, 1, b + i, 20 - i);
}
static void putDec(word v)
{
	char b[20]; int i = 20;
	do b[--i] = '0' + v % 10; while (v /= 10);
	call(WRITE, 1, b + i, 20 - i);
}

// A fault in loadByte or storeByte goes on at faulted; RIP and EIP lie there in the ucontext.
enum { IP_OFFSET = sizeof(word) == 8 ? 168 : 76 };
extern void faulted(void);
word loadByte(word at);
word storeByte(word at, word byte);
static void onFault(int n, int *info, u8 *context)
{
	signo = n;
	code = info[2];
	*(word *)(context + IP_OFFSET) = (word)faulted;
}
#ifdef __x86_64__
__asm__("loadByte: movzbl (%rdi), %eax\n ret\nstoreByte: mov %sil, (%rdi)\nfaulted: xor %eax, %eax\n ret\nrestore: mov $15, %eax\n syscall");
#else
__asm__("loadByte: mov 4(%esp), %eax\n movzbl (%eax), %eax\n ret\nstoreByte: mov 4(%esp), %eax\n mov 8(%esp), %edx\n mov %dl, (%eax)\n"
	"faulted: xor %eax, %eax\n ret\nrestore: mov $173, %eax\n int $0x80");
#endif
extern void restore(void);
static void catchFaults(int n)
{
	struct { void *handler; word flags; void *restorer; unsigned mask[2]; } act = { onFault, 0x44000004, restore, { 0, 0 } }; // NODEFER, SIGINFO, RESTORER
	call(SIGACTION, n, &act, 0, 8);
}

static word number(char **p)
{
	word sum = 0;
	for (;;) {
		word v = 0;
		int reference = **p == '@';
		*p += reference;
		for (;; ++*p) {
			char c = **p;
			if (c >= '0' && c <= '9') v = v * 16 + c - '0';
			else if (c >= 'a' && c <= 'f') v = v * 16 + c - 'a' + 10;
			else break;
		}
		sum += reference ? (results[v] > -4096ul ? 0 : results[v]) : v;
		if (**p != '+') return sum;
		++*p;
	}
}

static int is(const char *name, const char *p) { while (*name && *name == *p) name++, p++; return !*name && (*p == ' ' || *p == '\n'); }

static word byPipe(word at, int write, word byte)
{
	u8 b = byte;
	word r;
	if (write) {
		call(WRITE, pipes[1], &b, 1);
		r = call(READ, pipes[0], at, 1);
		if ((long)r < 0) call(READ, pipes[0], &b, 1);
		return r;
	}
	r = call(WRITE, pipes[1], at, 1);
	if ((long)r < 0) return r;
	call(READ, pipes[0], &b, 1);
	return b;
}
static void maps(void)
{
	int f = (int)call(OPEN, "/proc/self/maps", 0);
	long n;
	while ((n = (long)call(READ, f, text, sizeof text)) > 0) call(WRITE, 1, text, n);
	call6(
#ifdef __x86_64__
	3,
#else
	6,
#endif
	f, 0, 0, 0, 0, 0);
}

static word run(char *p, word *a)
{
	u8 byte = a[1];
	if (is("map", p)) return call6(MMAP, a[0], a[1], a[2], a[3], a[4] ? (word)files[a[4]] : ~0ul, sizeof(word) == 8 ? a[5] : a[5] >> 12);
	if (is("unmap", p)) return call(MUNMAP, a[0], a[1]);
	if (is("protect", p)) return call(MPROTECT, a[0], a[1], a[2]);
	if (is("remap", p)) return call(MREMAP, a[0], a[1], a[2], a[3], a[4]);
	if (is("advise", p)) return call(MADVISE, a[0], a[1], a[2]);
	if (is("sync", p)) return call(MSYNC, a[0], a[1], a[2]);
	if (is("core", p)) return call(MINCORE, a[0], a[1], a[2]);
	if (is("brk", p)) return call(BRK, a[0]);
	if (is("lock", p)) return call(MLOCK, a[0], a[1]);
	if (is("lock2", p)) return call(MLOCK2, a[0], a[1], a[2]);
	if (is("unlock", p)) return call(MUNLOCK, a[0], a[1]);
	if (is("lockall", p)) return call(MLOCKALL, a[0]);
	if (is("unlockall", p)) return call(MUNLOCKALL);
	if (is("peek", p)) return byPipe(a[0], 0, 0);
	if (is("poke", p)) return byPipe(a[0], 1, a[1]);
	if (is("load", p)) return loadByte(a[0]);
	if (is("store", p)) return storeByte(a[0], a[1]);
	if (is("trunc", p)) return call(FTRUNCATE, files[1], a[0]);
	if (is("pread", p)) { long r = (long)call(PREAD, files[1], &byte, 1, a[0]); return r == 1 ? byte : r < 0 ? (word)r : 0x1000; }
	if (is("pwrite", p)) return call(PWRITE, files[1], &byte, 1, a[0]);
	if (is("maps", p)) { maps(); return 0; }
	return -38;
}

__attribute__((force_align_arg_pointer, used)) void _start(void)
{
	word line = 0;
	long n, size = 0;
	while ((n = (long)call(READ, 0, script + size, sizeof script - 1 - size)) > 0) size += n;
	files[1] = (int)call(OPEN, "data", 2);
	files[2] = (int)call(OPEN, "data", 0);
	files[3] = (int)call(OPEN, "data", 1);
	call(PIPE, pipes);
	catchFaults(7);
	catchFaults(11);
	for (char *p = script; *p; line++) {
		word a[6] = { 0 };
		char *start = p, *q = p;
		for (int i = 0; i < 6; i++) {
			while (*q != ' ' && *q != '\n') q++;
			if (*q == '\n') break;
			q++;
			a[i] = number(&q);
		}
		while (*p != '\n') p++;
		p++;
		signo = 0;
		word r = results[line] = run(start, a);
		if (signo) { put("signal "); putDec(signo); put(" code "); putDec(code); }
		else if (r > -4096ul) { put("-"); putDec(-r); }
		else putHex(r);
		put("\n");
	}
	call(EXIT, 0);
}
