; C3: SECCOMP_RET_ERRNO with 0 is a success that never happened; above 4095 it is 4095.
%include "guest.inc"
        elf64
_start: confine policy
        call64  110
        say_result "getppid with errno 0"
        call64  111
        add     rax, 4090
        say_result "getpgrp with errno 8191, plus 4090"
        die     0
        need_print_number

        section .data
policy: filter
        LD_NR
        JEQ     110, .zero
        JEQ     111, .large
        ALLOW
.zero:  ERRNO   0
.large: ERRNO   8191
        end_filter policy
        end_elf
