; B2: a 64-bit argument of which only the lower half is compared: an arena's address with something in the upper half.
%include "guest.inc"
        elf64
%define ARENA 0x10000000
_start: confine policy
        mov     rdi, (1 << 32) | ARENA
        mov     esi, 4096
        mov     edx, 3                  ; PROT_READ|PROT_WRITE
        mov     r10d, 0x32              ; MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS
        mov     r8, -1
        xor     r9d, r9d
        mov     eax, 9                  ; mmap
        syscall
        cmp     rax, -1
        je      .refused
        cmp     rax, rdi
        jne     .odd
        say     "mapped a page outside of the arena"
        die     0
.refused:
        say     "mmap was refused"
        die     1
.odd:   say     "something else"
        die     1

        section .data
policy: filter
        LD_NR
        JNE     9, .allow
    %ifdef FIXED
        LD_ARG_HI 0
        JNE     0, .deny
    %endif
        LD_ARG_LO 0
        JEQ     ARENA, .allow
.deny:  ERRNO   1
.allow: ALLOW
        end_filter policy
        end_elf
