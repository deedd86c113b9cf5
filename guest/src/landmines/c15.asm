; C15: a program for the patch of February 2012 on a later kernel: prctl 37 is PR_GET_CHILD_SUBREAPER there, writes a zero
; over the length of the filter, and returns success. The program believes that it is confined.
%define V6
%include "guest.inc"
        elf64
_start: mov     rax, [policy_prog]      ; the kernel writes to it
        mov     [bss], rax
        mov     rax, [policy_prog + 8]
        mov     [bss + 8], rax
        call64  157, 35, 1, 0, 0        ; no_new_privs in v6, PR_SET_MM later: its error is not looked at
        call64  157, 37, bss
        test    rax, rax
        jnz     .refused
        say     "prctl(37) = 0: the program believes that it is confined"
        call64  110
        say     "getppid ran"
        die     0
.refused:
        say     "prctl(37) failed"
        die     1

        section .data
policy: filter
        LD_NR
        JEQ     110, .deny              ; getppid
        ALLOW
.deny:  KILL
        end_filter policy
        end_elf
