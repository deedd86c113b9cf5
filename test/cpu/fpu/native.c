// The judge of src/cpu/routines: runs x87 and SSE instructions on the processor under us. Reads batches from standard input; a batch
// is one instruction (its bytes, memory operand at [rdi]) and many start states; answers with one end state each.
//
//   batch   u32 kind (0 x87, 1 SSE), u32 count, u32 memory (bytes of memory operand), u32 length, u8 code[16]
//   x87     in:  u8 image[108] (FRSTOR), u32 eflags, u8 operand[memory]
//           out: u8 image[108] (FNSAVE), u32 eflags, u32 eax, u8 operand[memory]
//   SSE     in:  u32 mxcsr, u32 eflags, u64 rax, u8 xmm0[16], u8 xmm1[16]
//           out: the same, afterwards, and u32 1 where the instruction faulted, u32 0
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

struct batch { uint32_t kind, count, memory, length; uint8_t code[16]; };
struct x87_in { uint8_t image[108]; uint32_t eflags; };
struct x87_out { uint8_t image[108]; uint32_t eflags, eax; };
struct sse { uint32_t mxcsr, eflags; uint64_t rax; uint8_t xmm[2][16]; };
struct sse_out { struct sse state; uint32_t faulted, pad; };

static uint8_t *stub;
static uintptr_t resume;
static volatile uint32_t faulted;

static void get(void *p, size_t n) { if (n && fread(p, n, 1, stdin) != 1) exit(feof(stdin) ? 2 : 1); }
static void put(const void *p, size_t n) { if (n && fwrite(p, n, 1, stdout) != 1) exit(1); }

static uint8_t *emit(uint8_t *to, const char *bytes, size_t n) { memcpy(to, bytes, n); return to + n; }
#define EMIT(s) p = emit(p, s, sizeof s - 1)

// rdi operand, rsi image in, rdx image out, rcx {u64 eflags, u64 eax}
static void build_x87(const struct batch *b) {
  uint8_t *p = stub;
  EMIT("\xDD\x26");                 // frstor (%rsi)
  EMIT("\xB8\0\0\0\0");             // mov $0,%eax
  EMIT("\xFF\x31\x9D");             // pushq (%rcx); popfq
  p = emit(p, (const char *)b->code, b->length);
  EMIT("\xDD\x32");                 // fnsave (%rdx)
  EMIT("\x9C\x8F\x01");             // pushfq; popq (%rcx)
  EMIT("\x89\x41\x08\xC3");         // mov %eax,8(%rcx); ret
}

// rdi struct sse, in and out
static void build_sse(const struct batch *b) {
  uint8_t *p = stub;
  EMIT("\x0F\x10\x47\x10");         // movups 16(%rdi),%xmm0
  EMIT("\x0F\x10\x4F\x20");         // movups 32(%rdi),%xmm1
  EMIT("\x48\x8B\x47\x08");         // mov 8(%rdi),%rax
  EMIT("\x8B\x4F\x04\x51\x9D");     // mov 4(%rdi),%ecx; push %rcx; popfq
  EMIT("\x0F\xAE\x17");             // ldmxcsr (%rdi)
  p = emit(p, (const char *)b->code, b->length);
  resume = (uintptr_t)p;
  EMIT("\x0F\xAE\x1F");             // stmxcsr (%rdi)
  EMIT("\x9C\x59\x89\x4F\x04");     // pushfq; pop %rcx; mov %ecx,4(%rdi)
  EMIT("\x48\x89\x47\x08");         // mov %rax,8(%rdi)
  EMIT("\x0F\x11\x47\x10");         // movups %xmm0,16(%rdi)
  EMIT("\x0F\x11\x4F\x20\xC3");     // movups %xmm1,32(%rdi); ret
}

static void on_fpe(int sig, siginfo_t *info, void *context) {
  (void)sig, (void)info;
  faulted = 1;
  ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] = resume;
}

int main(void) {
  static char in_buffer[1 << 20], out_buffer[1 << 20];
  setvbuf(stdin, in_buffer, _IOFBF, sizeof in_buffer);
  setvbuf(stdout, out_buffer, _IOFBF, sizeof out_buffer);
  stub = mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  struct sigaction action = {.sa_sigaction = on_fpe, .sa_flags = SA_SIGINFO};
  sigaction(SIGFPE, &action, 0);
  struct batch b;
  static uint8_t memory[4096];
  while (fread(&b, sizeof b, 1, stdin) == 1) {
    if (b.length > sizeof b.code || b.memory > sizeof memory) return 1;
    if (b.kind == 0) build_x87(&b); else build_sse(&b);
    for (uint32_t i = 0; i < b.count; i++) {
      if (b.kind == 0) {
        struct x87_in in;
        struct x87_out out;
        get(&in, sizeof in);
        get(memory, b.memory);
        uint64_t flags[2] = {in.eflags, 0};
        ((void (*)(void *, void *, void *, void *))stub)(memory, in.image, out.image, flags);
        out.eflags = flags[0], out.eax = flags[1];
        put(&out, sizeof out);
        put(memory, b.memory);
      } else {
        struct sse_out out = {0};
        get(&out.state, sizeof out.state);
        uint32_t quiet = 0x1f80;
        faulted = 0;
        ((void (*)(void *))stub)(&out.state);
        __asm__ volatile("ldmxcsr %0" ::"m"(quiet));
        out.faulted = faulted;
        put(&out, sizeof out);
      }
    }
  }
  return 0;
}
