; C14: uretprobe, 335, is made by code that the kernel puts into a traced program, so no filter is asked about it. Called by anybody
; else it is an illegal instruction.
%include "guest.inc"
        elf64
_start: confine policy
        call64  335
        say     "uretprobe came back"
        die     1

        section .data
policy: filter
        LD_NR
        JEQ     1, .allow               ; write
        JEQ     231, .allow             ; exit_group
        KILL
.allow: ALLOW
        end_filter policy
        end_elf
