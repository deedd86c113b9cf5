; B1: an int argument compared with all 64 bits of its register. The kernel looks at the lower half only.
%include "guest.inc"
        elf64
_start: call64  33, 1, 7                ; dup2
        confine policy
        mov     rdi, (1 << 32) | 7
        mov     eax, 3
        syscall
        cmp     rax, -1
        je      .refused
        test    rax, rax
        jnz     .odd
        say     "closed descriptor 7"
        die     0
.refused:
        say     "close was refused"
        die     1
.odd:   say     "something else"
        die     1

        section .data
policy: filter
        LD_NR
        JNE     3, .allow               ; close
    %ifndef FIXED
        LD_ARG_HI 0
        JNE     0, .allow
    %endif
        LD_ARG_LO 0
        JNE     7, .allow
        ERRNO   1
.allow: ALLOW
        end_filter policy
        end_elf
