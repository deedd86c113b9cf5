; B9: the code that libseccomp-golang made of "the first argument is 1 and the second is 7" before 0.9.1 (CVE-2017-18367): one
; that matches is enough.
%include "guest.inc"
        elf64
_start: confine policy
        call64  33, 1, 8                ; dup2
        cmp     rax, 8
        jne     .refused
        say     "dup2(1, 8) passed"
        die     0
.refused:
        say     "dup2(1, 8) was refused"
        die     1

        section .data
policy: filter
        LD_NR
        JNE     33, .allow
        LD_ARG_LO 0
    %ifdef FIXED
        JNE     1, .deny
        LD_ARG_LO 1
        JEQ     7, .allow
    %else
        JEQ     1, .allow
        LD_ARG_LO 1
        JEQ     7, .allow
    %endif
.deny:  ERRNO   1
.allow: ALLOW
        end_filter policy
        end_elf
