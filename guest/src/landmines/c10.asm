; C10: a policy names open; a C library calls openat.
%include "guest.inc"
        elf64
_start: confine policy
        call64  257, -100, path, 0, 0   ; openat(AT_FDCWD)
        test    rax, rax
        js      .refused
        say     "opened a file with openat"
        die     0
.refused:
        say     "openat was refused"
        die     1

        section .data
path:   db      "/dev/null", 0
        align   8
policy: filter
        LD_NR
        JEQ     2, .deny                ; open
    %ifdef FIXED
        JEQ     257, .deny              ; openat
        JEQ     437, .deny              ; openat2
        JEQ     304, .deny              ; open_by_handle_at
    %endif
        ALLOW
.deny:  ERRNO   1
        end_filter policy
        end_elf
