; B3: a negative int compared as it looks when sign-extended. AT_FDCWD may as well arrive as 0x00000000ffffff9c.
%include "guest.inc"
        elf64
_start: confine policy
        mov     edi, -100               ; AT_FDCWD, zero-extended
        mov     esi, path
        mov     edx, 200000o            ; O_RDONLY|O_DIRECTORY
        mov     eax, 257                ; openat
        syscall
        cmp     rax, -1
        je      .refused
        test    rax, rax
        js      .odd
        say     "opened a path relative to the working directory"
        die     0
.refused:
        say     "openat was refused"
        die     1
.odd:   say     "something else"
        die     1

        section .data
path:   db      ".", 0
        align   8
policy: filter
        LD_NR
        JNE     257, .allow
    %ifndef FIXED
        LD_ARG_HI 0
        JNE     0xffffffff, .allow
    %endif
        LD_ARG_LO 0
        JNE     -100, .allow
        ERRNO   1
.allow: ALLOW
        end_filter policy
        end_elf
