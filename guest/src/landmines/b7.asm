; B7: since Linux 5.1 a 32-bit program has a second set of calls with 64-bit times, under numbers from 403 on.
%include "guest.inc"
        elf32
_start: confine policy
        int80   403, 1, bss             ; clock_gettime64(CLOCK_MONOTONIC)
        test    eax, eax
        js      .refused
        say     "clock_gettime64 told the time"
        die     0
.refused:
        say     "clock_gettime64 was refused"
        die     1

        section .data
policy: filter
        LD_NR
        JEQ     265, .deny              ; clock_gettime
    %ifdef FIXED
        JEQ     403, .deny
    %endif
        ALLOW
.deny:  ERRNO   1
        end_filter policy
        end_elf
