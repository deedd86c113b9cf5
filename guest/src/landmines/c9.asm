; C9: a later filter that allows everything relaxes nothing.
%include "guest.inc"
        elf64
_start: confine first
        confine second
        call64  110
        say_result "getppid"
        die     0
        need_print_number

        section .data
first: filter
        LD_NR
        JEQ     110, .deny
        ALLOW
.deny:  ERRNO   1
        end_filter first
        section .data
second:    filter
        ALLOW
        end_filter second
        end_elf
