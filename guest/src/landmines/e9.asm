; E9: a deny-list of open calls that is older than openat2 (Linux 5.6).
%include "guest.inc"
        elf64
_start: confine policy
        call64  437, -100, self, how, 24        ; openat2
        test    rax, rax
        js      .refused
        say     "openat2 opened a file"
        die     0
.refused:
        say     "openat2 was refused"
        die     1

        section .data
self:   db "/proc/self/exe", 0
how:    dq 0, 0, 0                      ; struct open_how
policy: filter
        LD_NR
        JEQ     2, .deny                ; open
        JEQ     85, .deny               ; creat
        JEQ     257, .deny              ; openat
        JEQ     304, .deny              ; open_by_handle_at
    %ifdef FIXED
        JGE     425, .deny              ; io_uring_setup and every later number
    %endif
        ALLOW
.deny:  ERRNO   1
        end_filter policy
        end_elf
