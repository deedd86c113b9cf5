; A13: the number is (int)eax: upper halves are ignored, -1 is a number like any other to the filter.
%include "guest.inc"
        elf64
_start: confine policy
        mov     rax, -1
        syscall
        cmp     rax, -38
        jne     .odd
        say     "-1 passed and does not exist"
        mov     rax, (1 << 32) | 110
        syscall
        cmp     rax, -1
        jne     .odd
        say     "the upper half of rax was ignored: getppid was refused"
        die     0
.odd:   say     "something else"
        die     1

        section .data
policy: filter
        LD_NR
    %ifdef FIXED
        JGT     1000, .kill             ; unsigned: -1 is above
    %endif
        JEQ     110, .deny
        ALLOW
.deny:  ERRNO   1
.kill:  KILL
        end_filter policy
        end_elf
