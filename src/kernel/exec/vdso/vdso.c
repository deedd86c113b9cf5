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

/* The machine has one processor on one node. */
long __vdso_getcpu(u32 *cpu, u32 *node, void *unused)
{
	(void)unused;
	if (cpu)
		*cpu = 0;
	if (node)
		*node = 0;
	return 0;
}

#ifdef __x86_64__
#define WEAK(name) __attribute__((weak, alias("__vdso_" #name)))
int clock_gettime(u32, struct timespec_long *) WEAK(clock_gettime);
int clock_getres(u32, struct timespec_long *) WEAK(clock_getres);
int gettimeofday(struct timeval_long *, struct timezone *) WEAK(gettimeofday);
long time(long *) WEAK(time);
long getcpu(u32 *, u32 *, void *) WEAK(getcpu);
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
