; A7: strict mode allows read, write, exit and sigreturn by the numbers of the door that was used (CVE-2009-0835).
%include "guest.inc"
        elf64
_start: call64  157, 22, 1              ; prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT)
        int80   4, 1, text, end - text  ; i386 write
        call64  4, text, bss            ; the same number, x86-64 stat
        say     "stat came back"
        die     1
        section .data
text:   db      "write ran through int 0x80", 10
end:
        end_elf
