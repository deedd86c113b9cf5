; B8: what is behind a pointer is out of a filter's sight: openat2 takes its flags in a structure.
%include "guest.inc"
        elf64
_start: confine policy
        call64  437, -100, path, how, 24        ; openat2(AT_FDCWD)
        test    rax, rax
        js      .refused
        say     "opened a file for writing with openat2"
        die     0
.refused:
        say_result "openat2"
        die     1
        need_print_number

        section .data
path:   db      "/dev/null", 0
        align   8
how:    dq      1, 0, 0                 ; O_WRONLY
policy: filter
        LD_NR
        JEQ     2, .deny                ; open
        JEQ     85, .deny               ; creat
    %ifdef FIXED
        JEQ     437, .unknown
    %endif
        JNE     257, .allow             ; openat
        LD_ARG_LO 2
        JUMP    0x45, 3, .deny          ; O_WRONLY | O_RDWR
.allow: ALLOW
.deny:  ERRNO   1
.unknown:
        ERRNO   38                      ; callers fall back to openat
        end_filter policy
        end_elf
