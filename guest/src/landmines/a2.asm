; A2: an allow-list that does not look at the architecture: 1 is write here and exit there.
%include "guest.inc"
        elf64
_start: confine policy
        int80   1, 77                   ; i386 exit
        say     "exit came back"
        die     1

        section .data
policy: filter
    %ifdef FIXED
        LD_ARCH
        JNE     AUDIT_X64, .deny
    %endif
        LD_NR
        JEQ     1, .allow               ; x86-64 write
        JEQ     231, .allow
.deny:  KILL
.allow: ALLOW
        end_filter policy
        end_elf
