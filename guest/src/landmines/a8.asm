; A8: a child made through int 0x80 whose first call is a 64-bit one: is the flag of the compat door still set? (CVE-2015-2830)
%include "guest.inc"
        elf64
_start: confine policy
        int80   2                       ; i386 fork
        test    eax, eax
        jz      .child
        mov     ebx, eax
        call64  61, rbx, bss, 0, 0      ; wait4
        die     0
.child: call64  110
        test    rax, rax
        js      .wrong
        say     "the child's call was judged as x86-64"
        die     0
.wrong: say     "the child's call was judged as i386"
        die     1

        section .data
policy: filter
    %ifndef V6
        LD_ARCH
        JEQ     AUDIT_X64, .allow
        LD_NR
        JEQ     2, .allow               ; i386 fork
        ERRNO   1
    %endif
.allow: ALLOW
        end_filter policy
        end_elf
