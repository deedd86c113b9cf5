; A7: strict mode allows read, write, exit and sigreturn by the numbers of the door that was used; until 2.6.29 by those of the program
; (CVE-2009-0835), among which was 60, x86-64's exit, which is umask through int 0x80.
%include "guest.inc"
        elf64
_start: call64  57                      ; fork
        test    rax, rax
        jz      .child
        call64  61, rax, bss, 0, 0      ; wait4
        call64  157, 22, 1              ; prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT)
        int80   60, 0                   ; i386 umask
        say     "umask ran through int 0x80"
        call64  60, 0                   ; exit
.child: call64  157, 22, 1
        int80   4, 1, text, end - text  ; i386 write
        int80   1, 0                    ; i386 exit

        section .data
text:   db      "write ran through int 0x80", 10
end:
        end_elf
