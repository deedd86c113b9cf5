; C16: a filter that allows in upstream's words, on a kernel where only 0xffffffff allows.
%include "guest.inc"
        elf64
_start: confine policy
        say     "allowed"
        die     0

        section .data
policy: filter
        RET     0x7fff0000              ; SECCOMP_RET_ALLOW since v17
        end_filter policy
        end_elf
