// Records of the silicon oracle's input and output. case.ts holds the same layouts; the input's header carries the sizes, so
// that a difference is found at once.
#ifndef TRAPGATE_ORACLE_H
#define TRAPGATE_ORACLE_H
#include <stdint.h>

enum { ES, CS, SS, DS, FS, GS }; // the order of the Sreg field, SDM Vol. 2D B.1.4.5

struct state {
  uint64_t gpr[16]; // rax rcx rdx rbx rsp rbp rsi rdi r8 … r15
  uint64_t rip;     // relative to the code segment's base
  uint64_t rflags;
  uint64_t fs_base, gs_base; // taken from a case only when its code segment is USER_CS
  uint16_t selector[6];
  uint8_t pad[4];
  uint8_t fxsave[512];
  uint8_t ymm_high[256];
};

enum { RUN = 1 }; // run to an int3 (or fault) instead of single-stepping

struct oracle_case {
  uint32_t id;
  uint16_t code_offset; // where in the code page the code begins; the rest of the page is int3
  uint8_t code_length;
  uint8_t flags;
  uint8_t steps; // instructions to single-step, 0 meaning 1
  uint8_t pad[3];
  uint8_t code[52];
  struct state before;
  uint8_t window[256];
};

struct oracle_result {
  uint32_t id;
  uint8_t signal; // what ended the case; 0x80 + signal if it killed the worker, and then nothing else is known
  uint8_t trap;   // exception vector
  uint8_t steps;
  uint8_t spilled; // data outside the window was changed
  uint32_t error;
  int32_t si_code;
  uint64_t address; // siginfo's
  uint64_t cr2;
  struct state after;
  uint8_t window[256];
};

// Followed by `descriptors` times struct user_desc, then by `cases` times struct oracle_case.
struct oracle_header {
  uint32_t case_size, result_size;
  uint32_t code;          // one page, readable, writable, executable; nothing after it
  uint32_t data;          // two pages, writable; nothing around them
  uint32_t alias;         // the same two pages, the second one read-only
  uint32_t window_offset; // of the window within data
  uint32_t descriptors;   // LDT entries
  uint32_t cases;
};

#endif
