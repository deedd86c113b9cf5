; E15: io_uring opens a file. The filter forbids open, openat and openat2, and never sees the operation of a ring.
%include "guest.inc"
        elf64
_start: confine policy
%include "uring.inc"
        mov     byte [r13], 18          ; IORING_OP_OPENAT
        mov     dword [r13 + 4], -100   ; AT_FDCWD
        mov     qword [r13 + 16], path
        uring_enter
        test    eax, eax
        js      .failed
        say     "a file was opened without a call"
        die     0
.failed:
        say     "the operation failed"
        die     2

        section .data
path:   db "/", 0
policy: filter
        LD_NR
        JEQ     2, .deny                ; open
        JEQ     257, .deny              ; openat
        JEQ     437, .deny              ; openat2
    %ifdef FIXED
        JEQ     425, .deny              ; io_uring_setup
    %endif
        ALLOW
.deny:  ERRNO   1
        end_filter policy
        end_elf
