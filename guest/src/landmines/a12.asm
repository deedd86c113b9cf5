; A12: execve of a program of the other ABI under a filter. It is carried inside this one and written out first.
%include "guest.inc"
        elf64
_start: confine policy
        call64  2, path, 1101o, 700o    ; open(O_WRONLY|O_CREAT|O_TRUNC)
        mov     rbx, rax
        call64  1, rbx, child, child_end - child
        call64  3, rbx
        mov     qword [bss], path
        mov     qword [bss + 8], 0
        call64  59, path, bss, bss + 8  ; execve
        say     "execve failed"
        die     1

        section .data
path:   db      "/tmp/trapgate-landmine-a12", 0
child:  incbin  "a12-child"
child_end:
        align   8
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
