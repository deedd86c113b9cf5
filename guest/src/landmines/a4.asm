; A4: heaven's gate. 64-bit code returns far into the 32-bit code segment and makes its call from there.
%include "guest.inc"
        elf64
_start: confine policy
        mov     [bss], rsp
        push    0x23                    ; __USER32_CS
        push    compat
        retfq
        bits    32
compat: mov     eax, 64                 ; i386 getppid
        int     0x80
        jmp     0x33:long_mode          ; __USER_CS
        bits    64
long_mode:
        mov     rsp, [bss]
        test    eax, eax
        js      .refused
        say     "getppid ran from the 32-bit segment"
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
