// The functions of the vDSO, for both ABIs: time from the (virtual) time stamp counter and the parameters on the vvar page.
// man 7 vdso. The page's layout is `vvar` below and in ../vdso.ts; build.sh makes ../vdso-images.ts from this.
typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long s64;

struct vvar {
	u32 seq; /* changes when the kernel writes the page: read everything again */
	u32 mult, shift; /* ns = ticks * mult >> shift */
	u32 usable; /* 0: ask the kernel */
	u64 tsc_base;
	u64 monotonic; /* ns at tsc_base */
	s64 realtime; /* CLOCK_REALTIME - CLOCK_MONOTONIC, ns */
	u64 tick; /* resolution of the coarse clocks, ns */
	u64 tai; /* CLOCK_TAI - CLOCK_REALTIME, ns */
	s64 monotonic_offset, boottime_offset; /* of the time namespace, ns */
	u64 random_generation; /* changes when keys of getrandom must be renewed; 0: ask the kernel */
};
extern const volatile struct vvar vvar_page __attribute__((visibility("hidden")));

struct timespec64 { s64 sec; s64 nsec; };
struct timespec_long { long sec; long nsec; };
struct timeval_long { long sec; long usec; };
struct timezone { int minuteswest, dsttime; };

enum { REALTIME, MONOTONIC, MONOTONIC_RAW = 4, REALTIME_COARSE, MONOTONIC_COARSE, BOOTTIME, TAI = 11 };
#define BILLION 1000000000ull
#define TSC_CLOCKS (1 << REALTIME | 1 << MONOTONIC | 1 << MONOTONIC_RAW | 1 << BOOTTIME | 1 << TAI)
#define COARSE_CLOCKS (1 << REALTIME_COARSE | 1 << MONOTONIC_COARSE)
#define WALL_CLOCKS (1 << REALTIME | 1 << REALTIME_COARSE | 1 << TAI)

#ifdef __x86_64__
#define NR_clock_gettime 228
#define NR_clock_getres 229
static long syscall2(long nr, long a, void *b)
{
	long ret;
	__asm__ volatile("syscall" : "=a"(ret) : "0"(nr), "D"(a), "S"(b) : "rcx", "r11", "memory");
	return ret;
}
#else
#define NR_clock_gettime 265
#define NR_clock_getres 266
#define NR_clock_gettime64 403
/* By __kernel_vsyscall, as Linux's own fallback does: the entry the processor prefers. */
static long syscall2(long nr, long a, void *b)
{
	long ret;
	__asm__ volatile("mov %%ebx, %%edx\n\tmov %2, %%ebx\n\tcall __kernel_vsyscall\n\tmov %%edx, %%ebx"
		: "=a"(ret) : "0"(nr), "g"(a), "c"(b) : "edx", "memory");
	return ret;
}
#endif

static u64 rdtsc(void)
{
	u32 lo, hi;
	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return (u64)hi << 32 | lo;
}

/* ticks * mult >> shift without losing the upper bits of the product (mul_u64_u32_shr) */
static u64 scale(u64 ticks, u32 mult, u32 shift)
{
	u64 low = (u64)(u32)ticks * mult, high = (ticks >> 32) * mult;
	return (low >> shift) + (high << (32 - shift));
}

/* Nanoseconds of a clock; 0 if the kernel must be asked. */
static int now(u32 clock, u64 *ns)
{
	u32 bit = clock < 32 ? 1u << clock : 0, seq;
	u64 t, tick;
	s64 wall, offset;
	if (!(bit & (TSC_CLOCKS | COARSE_CLOCKS)))
		return 0;
	do {
		seq = vvar_page.seq;
		if (!vvar_page.usable)
			return 0;
		t = vvar_page.monotonic + scale(rdtsc() - vvar_page.tsc_base, vvar_page.mult, vvar_page.shift);
		wall = vvar_page.realtime + (clock == TAI ? (s64)vvar_page.tai : 0);
		tick = vvar_page.tick;
		offset = clock == BOOTTIME ? vvar_page.boottime_offset : vvar_page.monotonic_offset;
	} while (seq != vvar_page.seq);
	if (bit & COARSE_CLOCKS)
		t -= t % tick;
	*ns = t + (u64)(bit & WALL_CLOCKS ? wall : offset);
	return 1;
}

int __vdso_clock_gettime(u32 clock, struct timespec_long *ts)
{
	u64 ns;
	if (!now(clock, &ns))
		return (int)syscall2(NR_clock_gettime, clock, ts);
	ts->sec = (long)(ns / BILLION);
	ts->nsec = (long)(ns % BILLION);
	return 0;
}

int __vdso_clock_getres(u32 clock, struct timespec_long *ts)
{
	u32 bit = clock < 32 ? 1u << clock : 0;
	if (!(bit & (TSC_CLOCKS | COARSE_CLOCKS)))
		return (int)syscall2(NR_clock_getres, clock, ts);
	if (ts) {
		ts->sec = 0;
		ts->nsec = bit & COARSE_CLOCKS ? (long)vvar_page.tick : 1;
	}
	return 0;
}

int __vdso_gettimeofday(struct timeval_long *tv, struct timezone *tz)
{
	struct timespec_long ts;
	if (tv) {
		__vdso_clock_gettime(REALTIME, &ts);
		tv->sec = ts.sec;
		tv->usec = ts.nsec / 1000;
	}
	if (tz)
		tz->minuteswest = tz->dsttime = 0;
	return 0;
}

long __vdso_time(long *t)
{
	struct timespec_long ts;
	__vdso_clock_gettime(REALTIME, &ts);
	if (t)
		*t = ts.sec;
	return ts.sec;
}

/* The limit of GDT entry 15 is node << 12 | cpu. Linux vdso_read_cpunode(). */
long __vdso_getcpu(u32 *cpu, u32 *node, void *unused)
{
	u32 both;
	(void)unused;
	__asm__ volatile("lsl %1, %0" : "=r"(both) : "r"(15 * 8 + 3));
	if (cpu)
		*cpu = both & 0xfff;
	if (node)
		*node = both >> 12;
	return 0;
}

#ifdef __x86_64__
/*
 * getrandom(2) with a key in the caller's memory: ChaCha20 of that key, whose first output replaces it. Linux
 * lib/vdso/getrandom.c; RFC 7539 for the cipher. The compiler may leave words of a key on the stack, where Linux's
 * assembly does not.
 */
#define NR_getrandom 318
enum { GRND_ALL = 7, BLOCK = 64, KEY_WORDS = 8, BATCH = 96, PAGE = 4096, EFAULT_ = 14 };
enum { PROT_READ_WRITE = 3, MAP_DROPPABLE_ANONYMOUS = 0x28 };
struct opaque_parameters { u32 size_of_opaque_state, mmap_prot, mmap_flags, reserved[13]; };
/* The key stands behind the batch: one run of the cipher makes both. */
struct random_state {
	union {
		struct { unsigned char batch[BATCH]; u32 key[KEY_WORDS]; };
		unsigned char batch_key[2 * BLOCK];
	};
	u64 generation;
	unsigned char position, in_use;
};

static long syscall3(long nr, void *a, unsigned long b, unsigned long c)
{
	long ret;
	__asm__ volatile("syscall" : "=a"(ret) : "0"(nr), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
	return ret;
}
static u32 rotated(u32 x, int by) { return x << by | x >> (32 - by); }
#define QUARTER(a, b, c, d) \
	(a += b, d = rotated(d ^ a, 16), c += d, b = rotated(b ^ c, 12), a += b, d = rotated(d ^ a, 8), c += d, b = rotated(b ^ c, 7))
static void chacha20(unsigned char *out, const u32 *key, u64 *counter, unsigned long blocks)
{
	u32 k[KEY_WORDS];
	for (int i = 0; i < KEY_WORDS; i++)
		k[i] = key[i];
	for (; blocks; blocks--, ++*counter) {
		u32 in[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574, k[0], k[1], k[2], k[3], k[4], k[5], k[6], k[7],
			(u32)*counter, (u32)(*counter >> 32), 0, 0}, x[16];
		for (int i = 0; i < 16; i++)
			x[i] = in[i];
		for (int round = 0; round < 10; round++) {
			QUARTER(x[0], x[4], x[8], x[12]), QUARTER(x[1], x[5], x[9], x[13]);
			QUARTER(x[2], x[6], x[10], x[14]), QUARTER(x[3], x[7], x[11], x[15]);
			QUARTER(x[0], x[5], x[10], x[15]), QUARTER(x[1], x[6], x[11], x[12]);
			QUARTER(x[2], x[7], x[8], x[13]), QUARTER(x[3], x[4], x[9], x[14]);
		}
		for (int i = 0; i < 16; i++, out += 4)
			*(u32 *)out = x[i] + in[i];
	}
}

long __vdso_getrandom(void *buffer, unsigned long length, u32 flags, void *opaque, unsigned long size)
{
	struct random_state volatile *live = opaque;
	struct random_state *state = opaque;
	unsigned char *out = buffer;
	u64 counter = 0, generation;
	unsigned long left = length > 0x7ffff000 ? 0x7ffff000 : length, whole = left;
	if (size == ~0ul && !buffer && !length && !flags) {
		struct opaque_parameters *p = opaque;
		p->size_of_opaque_state = sizeof *state;
		p->mmap_prot = PROT_READ_WRITE;
		p->mmap_flags = MAP_DROPPABLE_ANONYMOUS;
		for (int i = 0; i < 13; i++)
			p->reserved[i] = 0;
		return 0;
	}
	/* Pages of a state can become zero at any time, one by one. */
	if ((unsigned long)opaque % PAGE + sizeof *state > PAGE)
		return -EFAULT_;
	if (flags & ~GRND_ALL || size != sizeof *state || !vvar_page.random_generation)
		return syscall3(NR_getrandom, buffer, length, flags);
	if (!length)
		return 0;
	/* A signal handler has come into the middle of a call. */
	if (live->in_use)
		return syscall3(NR_getrandom, buffer, length, flags);
	live->in_use = 1;
again:
	generation = vvar_page.random_generation;
	if (live->generation != generation) {
		/* The generation comes before the key, for a fork in between. */
		live->generation = generation;
		if (syscall3(NR_getrandom, state->key, sizeof state->key, 0) != sizeof state->key) {
			live->generation = 0;
			live->in_use = 0;
			return syscall3(NR_getrandom, buffer, length, flags);
		}
		state->position = BATCH;
	}
	for (;;) {
		while (left && state->position < BATCH) {
			*out++ = state->batch[state->position];
			state->batch[state->position++] = 0;
			left--;
		}
		if (!left)
			break;
		if (left >= BLOCK) {
			chacha20(out, state->key, &counter, left / BLOCK);
			out += left / BLOCK * BLOCK;
			left %= BLOCK;
		}
		chacha20(state->batch_key, state->key, &counter, 2);
		state->position = 0;
	}
	/* The state was dropped meanwhile, or the machine has new keys. */
	if (live->generation != vvar_page.random_generation) {
		out = buffer;
		left = whole;
		goto again;
	}
	live->in_use = 0;
	return (long)whole;
}

#define WEAK(name) __attribute__((weak, alias("__vdso_" #name)))
int clock_gettime(u32, struct timespec_long *) WEAK(clock_gettime);
int clock_getres(u32, struct timespec_long *) WEAK(clock_getres);
int gettimeofday(struct timeval_long *, struct timezone *) WEAK(gettimeofday);
long time(long *) WEAK(time);
long getcpu(u32 *, u32 *, void *) WEAK(getcpu);
long getrandom(void *, unsigned long, u32, void *, unsigned long) WEAK(getrandom);
#else
int __vdso_clock_gettime64(u32 clock, struct timespec64 *ts)
{
	u64 ns;
	if (!now(clock, &ns))
		return (int)syscall2(NR_clock_gettime64, clock, ts);
	ts->sec = (s64)(ns / BILLION);
	ts->nsec = (s64)(ns % BILLION);
	return 0;
}
#endif
