; A1, A3: a deny-list that does not look at the architecture, and 64-bit code that uses the other door.
%include "guest.inc"
        elf64
_start: confine policy
        int80   64                      ; i386 getppid; 64 is semget for the filter
        test    eax, eax
        js      .refused
        say     "getppid ran through int 0x80"
        die     0
.refused:
        say     "getppid was refused"
        die     1

        section .data
policy: filter
    %ifdef FIXED
        LD_ARCH
        JNE     AUDIT_X64, .deny
    %endif
        LD_NR
        JEQ     110, .deny              ; x86-64 getppid
        ALLOW
.deny:  KILL
        end_filter policy
        end_elf
