; E12: Landlock's rights of ABI 1 and 2 do not cover truncate(2). No seccomp filter: Landlock alone.
%include "guest.inc"
        elf64
_start: call64  87, path                ; unlink: of an earlier run
        mov     r10d, 0600q
        call64  257, -100, path, 0101q, 0600q   ; openat, O_CREAT | O_WRONLY
        mov     rbp, rax
        call64  1, rbp, path, 4         ; write
        call64  3, rbp                  ; close
        xor     r8d, r8d
        call64  157, NNP, 1, 0, 0
        call64  444, handled, 8, 0      ; landlock_create_ruleset
        test    rax, rax
        js      .none
        call64  446, rax, 0             ; landlock_restrict_self
        call64  257, -100, path, 1      ; openat, O_WRONLY
        say_result "open for writing"
        call64  76, path, 0             ; truncate
        say_result "truncate"
        call64  87, path
        die     0
.none:  say_result "landlock_create_ruleset"
        call64  87, path
        die     1
        need_print_number

        section .data
path:   db "/tmp/trapgate-e12", 0
    %ifdef FIXED
handled: dq 1 << 1 | 1 << 14            ; LANDLOCK_ACCESS_FS_WRITE_FILE, TRUNCATE
    %else
handled: dq 1 << 1
    %endif
        end_elf
