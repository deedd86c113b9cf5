; E11: /proc/self/mem writes to pages that are read-only. A filter that forbids mprotect does not keep code as it is.
%include "guest.inc"
        elf64
_start: confine policy
        call64  257, -100, memory, 1    ; openat, O_WRONLY
        mov     rbp, rax
        call64  18, rbp, patch, 4, code + 1     ; pwrite64
code:   mov     eax, 1
        cmp     eax, 2
        jne     .unchanged
        say     "read-only code was changed"
        die     0
.unchanged:
        say     "the code is unchanged"
        die     1

        section .data
patch:  dd 2
memory: db "/proc/self/mem", 0
policy: filter
        LD_NR
        JEQ     9, .deny                ; mmap
        JEQ     10, .deny               ; mprotect
        JEQ     329, .deny              ; pkey_mprotect
    %ifdef FIXED
        JEQ     2, .deny                ; open
        JEQ     257, .deny              ; openat
        JEQ     437, .deny              ; openat2
    %endif
        ALLOW
.deny:  ERRNO   1
        end_filter policy
        end_elf
