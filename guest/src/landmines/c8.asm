; C8: two filters say the same action with different data: the newer one's data counts.
%include "guest.inc"
        elf64
_start: confine older
        confine newer
        call64  110
        say_result "getppid"
        die     0
        need_print_number

        section .data
older:  filter
        LD_NR
        JEQ     110, .deny
        ALLOW
.deny:  ERRNO   5
        end_filter older
        section .data
newer:  filter
        LD_NR
        JEQ     110, .deny
        ALLOW
.deny:  ERRNO   6
        end_filter newer
        end_elf
