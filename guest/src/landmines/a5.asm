; A5: the gate the other way. A 32-bit program under a 32-bit filter jumps to the 64-bit code segment and uses SYSCALL.
%include "guest.inc"
        elf32
_start: confine policy
        jmp     0x33:long_mode          ; __USER_CS
        bits    64
long_mode:
        mov     eax, 110                ; x86-64 getppid; 110 is iopl for the filter
        syscall
        jmp     dword far [compat_address]  ; m16:32: AMD knows no m16:64
        bits    32
compat: test    eax, eax
        js      .refused
        say     "getppid ran through the 64-bit door"
        die     0
.refused:
        say     "getppid was refused"
        die     1

        section .data
compat_address:
        dd      compat
        dw      0x23                    ; __USER32_CS
        align   8
policy: filter
    %ifdef FIXED
        LD_ARCH
        JNE     AUDIT_I386, .deny
    %endif
        LD_NR
        JEQ     64, .deny               ; i386 getppid
        ALLOW
.deny:  KILL
        end_filter policy
        end_elf
