; C7: SECCOMP_RET_TRAP while SIGSYS is ignored: the signal is forced.
%include "guest.inc"
        elf64
_start: confine policy
        call64  13, 31, ignore, 0, 8    ; rt_sigaction(SIGSYS, SIG_IGN)
        call64  110
        say     "getppid came back"
        die     1

        section .data
ignore: dq      1, 0, 0, 0
policy: filter
        LD_NR
        JEQ     110, .trap
        ALLOW
.trap:  RET     0x00030000
        end_filter policy
        end_elf
