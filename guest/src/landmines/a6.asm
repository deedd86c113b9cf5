; A6: bit 30 of the number selects x32, whose calls carry the x86-64 architecture value.
%include "guest.inc"
        elf64
_start: confine policy
        call64  0x40000000 + 110        ; x32 getppid
        cmp     rax, -38
        je      .off
        test    rax, rax
        js      .refused
        say     "getppid ran with an x32 number"
        die     0
.off:   say     "the filter let it pass; the kernel has no x32"
        die     0
.refused:
        say     "getppid was refused"
        die     1

        section .data
policy: filter
    %ifndef V6
        LD_ARCH
        JNE     AUDIT_X64, .deny
    %endif
        LD_NR
    %ifdef FIXED
        JGE     0x40000000, .deny
    %endif
        JEQ     110, .deny
        ALLOW
.deny:  KILL
        end_filter policy
        end_elf
