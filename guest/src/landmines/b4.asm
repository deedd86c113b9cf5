; B4: an i386 call from 64-bit code shows the filter all 64 bits of the registers; the kernel uses the lower 32.
%include "guest.inc"
        elf64
_start: call64  33, 1, 7                ; dup2
        confine_int80 policy
        mov     rbx, (1 << 32) | 7
        mov     eax, 6                  ; i386 close
        int     0x80
        cmp     eax, -1
        je      .refused
        test    eax, eax
        jnz     .odd
        int80   4, 1, closed, closed_end - closed
        int80   252, 0
.refused:
        int80   4, 1, refused, refused_end - refused
        int80   252, 1
.odd:   int80   252, 2

        section .data
closed: db      "closed descriptor 7", 10
closed_end:
refused:
        db      "close was refused", 10
refused_end:
        align   8
policy: filter
    %ifndef V6
        LD_ARCH
        JNE     AUDIT_I386, .allow
    %endif
        LD_NR
        JNE     6, .allow
    %ifndef FIXED
        LD_ARG_HI 0
        JNE     0, .allow
    %endif
        LD_ARG_LO 0
        JNE     7, .allow
        ERRNO   1
.allow: ALLOW
        end_filter policy
        end_elf
