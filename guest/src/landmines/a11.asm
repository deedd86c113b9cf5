; A11: the vsyscall page, code that every process has and no policy thinks of. Its time() is number 201 to the filter.
%include "guest.inc"
        elf64
_start: confine policy
        xor     edi, edi
        mov     rax, 0xffffffffff600400
        call    rax
        cmp     rax, -1
        je      .refused
        say     "time ran through the vsyscall page"
        die     0
.refused:
        say     "the filter refused time in the vsyscall page"
        die     0

        section .data
policy: filter
        LD_NR
        JEQ     201, .deny              ; time
        ALLOW
.deny:  ERRNO   1
        end_filter policy
        end_elf
