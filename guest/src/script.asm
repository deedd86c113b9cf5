; Makes the system calls that a script on standard input lists, and writes their results to standard output: the guest of
; `npm run campaign -- syscalls`, which writes the scripts (tools/campaign/syscalls/script.ts). It runs natively as well.
;
; The script: a header of 64 bytes (the number of results), the contents of the arena, then records of 64 bytes:
;   0   byte    operation: 0 end, 1 a chunk begins, 2 call, 3 the chunk ends, 4 back to `child` so often as dword 4 says
;   1   byte    door: 0 syscall, 1 int $0x80
;   2   byte    bit i: argument i is the result whose number it gives
;   3   byte    bit i: argument i is the dword at the address that it gives; bit 7: a task that gets 0 goes on at `child`
;   4   dword   system call number
;   8   dword   index of the result
;   12  dword   child: offset in the script; of a chunk's begin: the record behind its end
;   16  6 qwords of arguments
; A chunk runs in a child process, which has some time, and is killed then; its status is a result too.
; All state is in r12 to r14, so tasks of any kind can run a script, with any stack or none.
%include "guest.inc"
%define SCRIPT  0x10000000
%define SCRIPT_SIZE 0x200000
%define RESULTS 0x11000000
%define RESULTS_SIZE 0x80000
%define ARENA   0x12000000
%define ARENA_SIZE 0x4000
%define READ_ONLY 0x12800000
%define SCRATCH 0x13000000
%define SCRATCH_SIZE 0x20000
%define ROUNDS  30

; map ADDRESS, SIZE, PROTECTION, FLAGS: mmap, fixed and anonymous.
%macro map 4
        mov     r10d, %4
        mov     r8d, -1
        xor     r9d, r9d
        call64  9, %1, %2, %3
%endmacro
; arg REGISTER, I: argument I of the record at r12.
%macro arg 2
        mov     %1, [r12 + 16 + 8 * %2]
        test    byte [r12 + 2], 1 << %2
        jz      %%plain
        mov     %1, [RESULTS + %1 * 8]
    %%plain:
        test    byte [r12 + 3], 1 << %2
        jz      %%value
        mov     %1, [%1]
        shl     %1, 32
        shr     %1, 32
    %%value:
%endmacro

        elf64
_start: map     SCRIPT, SCRIPT_SIZE, 3, 0x32
        map     RESULTS, RESULTS_SIZE, 3, 0x31
        map     ARENA, ARENA_SIZE, 3, 0x32
        map     READ_ONLY, 0x1000, 1, 0x32
        map     SCRATCH, SCRATCH_SIZE, 3, 0x32
        mov     r12d, SCRIPT
.read:  mov     edx, SCRIPT + SCRIPT_SIZE
        sub     edx, r12d
        call64  0, 0, r12
        test    rax, rax
        jle     .all
        add     r12, rax
        jmp     .read
.all:   call64  10, SCRIPT, SCRIPT_SIZE, 1
        mov     esi, SCRIPT + 64
        mov     edi, ARENA
        mov     ecx, ARENA_SIZE / 8
        rep movsq
        mov     r12d, SCRIPT + 64 + ARENA_SIZE

step:   movzx   eax, byte [r12]
        dec     eax
        js      finish
        jz      chunk
        dec     eax
        jz      .call
        dec     eax
        jz      chunk_end
; A loop's end: its result counts the rounds.
        mov     ecx, [r12 + 8]
        mov     eax, [r12 + 4]
        inc     dword [RESULTS + rcx * 8]
        cmp     [RESULTS + rcx * 8], eax
        jb      child
        add     r12, 64
        jmp     step
.call:
        cmp     byte [r12 + 1], 0
        jne     .compat
        arg     rdi, 0
        arg     rsi, 1
        arg     rdx, 2
        arg     r10, 3
        arg     r8, 4
        arg     r9, 5
        mov     eax, [r12 + 4]
        syscall
        jmp     .back
.compat:
        arg     rbx, 0
        arg     rcx, 1
        arg     rdx, 2
        arg     rsi, 3
        arg     rdi, 4
        arg     rbp, 5
        mov     eax, [r12 + 4]
        int     0x80
.back:  test    byte [r12 + 3], 0x80
        jz      .keep
        test    rax, rax
        jz      child
.keep:  mov     ecx, [r12 + 8]
        mov     [RESULTS + rcx * 8], rax
        add     r12, 64
        jmp     step
child:  mov     r12d, [r12 + 12]
        add     r12, SCRIPT
        jmp     step

; A process for the chunk; the one that waits has its result, and goes on behind the chunk.
chunk:  call64  57
        test    rax, rax
        jz      .mine
        js      .reap
        mov     r13, rax
        mov     r14d, ROUNDS
.wait:  xor     r10d, r10d
        call64  61, r13, bss, 1
        cmp     rax, r13
        je      .reap
        call64  35, pause_time, 0
        dec     r14d
        jnz     .wait
        call64  62, r13, 9
        xor     r10d, r10d
        call64  61, r13, bss, 0
.reap:  mov     ecx, [r12 + 8]
        mov     eax, [bss]
        mov     [RESULTS + rcx * 8], rax
        jmp     child
.mine:  add     r12, 64
        jmp     step

; What is in the arena, as one word; then this process is done.
chunk_end:
        mov     esi, ARENA
        mov     ecx, ARENA_SIZE / 8
        mov     rax, 0x9e3779b97f4a7c15
        xor     edx, edx
.word:  imul    rdx, rax
        add     rdx, [rsi]
        add     esi, 8
        dec     ecx
        jnz     .word
        mov     ecx, [r12 + 8]
        mov     [RESULTS + rcx * 8], rdx
        die     0

finish: mov     edx, [SCRIPT]
        shl     edx, 3
        call64  1, 1, RESULTS
        die     0
        section .data
pause_time: dq  0, 1000000
        end_elf
