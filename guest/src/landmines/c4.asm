; C4: a verdict that is no known action.
%include "guest.inc"
        elf64
_start: confine policy
        call64  110
        say     "getppid came back"
        die     1

        section .data
policy: filter
        LD_NR
        JEQ     110, .odd
        ALLOW
.odd:   RET     0x7ffb0000
        end_filter policy
        end_elf
