// Accesses near each other share translations, and known values are forwarded: structures across two pages,
// aliasing pointers, two pages of one frame, loops over the stack. Compiled code must agree with the native
// processor.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { inFolder, runHosted } from "../../support/guest.ts";
import { gcc, missing, nativeX64 } from "../../support/host.ts";

const program = `
  #define _GNU_SOURCE
  #include <stdint.h>
  #include <stdio.h>
  #include <string.h>
  #include <sys/mman.h>
  #include <unistd.h>
  #define APART __attribute__((noinline))
  typedef volatile uint32_t word;
  struct __attribute__((packed)) S { uint32_t a; uint16_t b; uint8_t c; uint64_t d; int32_t e; uint32_t f[5]; uint8_t g; double h; float k; };
  static APART uint32_t fields(struct S *s, uint32_t x) {
    s->a += x; s->b ^= s->a; s->c -= s->b; s->d = s->d * 3 + s->a; s->e -= (int)s->d;
    s->f[0] += s->e; s->f[1] ^= s->f[0]; s->f[2] = s->f[1] - s->f[3]; s->f[4] |= s->f[2]; s->f[3] += s->f[4] >> 3;
    s->g += s->f[0]; s->h = s->h * 0.5 + s->a; s->k = s->k * 0.25f + s->g;
    if (s->d > s->a) s->f[0] += 7;
    s->f[1] = -s->f[1]; s->f[2] = ~s->f[2];
    return s->a ^ s->f[3] ^ s->c ^ (uint32_t)s->d;
  }
  static APART uint32_t frames(int n, uint32_t x) {
    word l[17];
    for (int i = 0; i < 17; i++) l[i] = x * i + n;
    if (n > 0) x ^= frames(n - 1, l[n % 17]);
    l[3] += x; l[5] -= l[3]; l[7] ^= l[5]; l[9] += l[7];
    return l[9] ^ l[3] ^ l[n % 17];
  }
  static APART uint32_t meeting(word *a, word *b, volatile uint8_t *c, uint32_t x) {
    a[0] = x; b[1] = x + 1; x += a[0]; x ^= a[1]; b[0] += x; x += a[0] * 3; a[2] = x; c[9] = 7; x += a[2];
    *(volatile uint16_t *)(c + 4) = x; x += a[1]; a[1] += 5; x -= b[1]; a[3]++; x += a[3]; b[3]--; x ^= a[3];
    return x;
  }
  static APART uint32_t twice(word *a, uint32_t x) {
    a[0] = x; a[1024] = x + 3; x += a[0]; a[1025] = x; a[1] += 4; x ^= a[1025]; a[1026] = x; x += a[2]; a[3] = x;
    x += a[1027]; a[1023] = x; a[2047] += 2; x += a[1023];
    return x;
  }
  static APART uint64_t widths(volatile uint64_t *a, word *b, uint64_t x) {
    a[0] = x; b[1] = 5; x += a[0]; a[1] = x; x ^= *(word *)(a + 1); *(volatile uint64_t *)((char *)a + 4) = x; x += a[0] ^ a[1];
    a[1] += x; x += a[1];
    return x;
  }
  static APART uint32_t changed(word *a, uint32_t x) {
    uint32_t ok = 0, carry = 0, more = 0, was;
    a[0] = x; a[1] = ~x; a[2] = x * 5;
    __asm__ volatile("movl (%1), %%eax; lock cmpxchgl %2, (%1); setz %b0" : "+q"(ok) : "r"(a), "r"(x * 3) : "eax", "memory", "cc");
    __asm__ volatile("movl 4(%1), %%eax; addl %2, 4(%1); setc %b0" : "+q"(carry) : "r"(a), "r"(x * 7) : "eax", "memory", "cc");
    was = x * 11;
    __asm__ volatile("lock xaddl %1, 8(%2); setc %b0" : "+q"(more), "+r"(was) : "r"(a) : "memory", "cc");
    return ok + 2 * carry + 4 * more + was + a[0] + a[1] + a[2];
  }
  static APART uint32_t rounds(uint32_t x) {
    word l[12];
    for (int i = 0; i < 12; i++) l[i] = x + i;
    for (int i = 0; i < 300; i++) {
      l[3] += l[i & 7] + l[9];
      if (l[3] & 1) l[5] ^= x; else { l[7] -= l[3]; for (int n = x & 7; n > 0; n--) l[10] += l[n] + l[11]; }
      x = x * 5 + l[7]; l[1] = x; l[8] += l[1] ^ l[10];
    }
    return x ^ l[3] ^ l[5] ^ l[8];
  }
  /** Its frame is at varying addresses, also across two pages. */
  static APART uint32_t placed(int n, uint32_t x) {
    volatile char *p = __builtin_alloca(n);
    p[0] = x;
    return rounds(x) + p[0];
  }
  int main(void) {
    char *m = mmap(0, 5 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint32_t x = 1; uint64_t y = 1;
    for (int off = 4000; off < 4200; off++) {
      struct S *s = (void *)(m + off);
      memset(s, off, sizeof *s); s->h = 1; s->k = 1;
      for (int i = 0; i < 1500; i++) x = x * 31 + fields(s, i + x);
      memcpy(&y, &s->h, 8); x ^= y ^ (y >> 32);
    }
    for (int n = 0; n < 300; n++) x = x * 33 + frames(n, x);
    for (int i = 0; i < 6000; i++) x = x * 37 + placed(16 + i % 300 * 16, x);
    int fd = memfd_create("page", 0); ftruncate(fd, 4096);
    for (int n = 0; n < 2; n++) mmap(m + n * 4096, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
    uint32_t *buf = (uint32_t *)(m + 2 * 4096);
    for (int i = 0; i < 200000; i++) {
      int k = i % 3000;
      x = x * 33 + meeting(buf + k, buf + k + i / 7 % 5, (uint8_t *)(buf + k + i / 11 % 3), x + i);
      x = x * 31 + twice((word *)m, x);
      x = x * 29 + changed(buf + k, x);
      y = y * 7 + widths((void *)(buf + k), buf + k + i / 5 % 4, y + x);
    }
    printf("%08x %016llx\\n", x, (unsigned long long)y);
  }`;

describe.skipIf(missing("accesses near one another", nativeX64, gcc))("accesses near one another", { timeout: 60_000 }, () => {
  for (const bits of [64, 32])
    it(`equal the native processor's, ${bits}-bit`, async (test) => {
      await inFolder(async (folder) => {
        const file = join(folder, "near");
        writeFileSync(`${file}.c`, program);
        const built = spawnSync("gcc", [`-m${bits}`, "-O1", "-static", "-w", "-o", file, `${file}.c`], { encoding: "utf8" });
        // The 32-bit library is a package of its own.
        if (bits === 32 && built.status !== 0) return test.skip("needs gcc-multilib");
        expect(built.stderr).toBe("");
        const native = spawnSync(file, { encoding: "utf8" }).stdout;
        const run = await runHosted(folder, file);
        expect(run.stdout.text).toBe(native);
      });
    });
});
