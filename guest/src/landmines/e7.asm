; E7: a program without a file: memfd_create, write, execveat with an empty path. The filter forbids execve and openat.
%include "guest.inc"
        elf64
_start: cmp     qword [rsp], 2
        je      .second
        confine policy
        call64  319, name, 0            ; memfd_create
        mov     rbp, rax
        call64  1, rbp, TEXT, end_of_file - TEXT        ; write: this program
        mov     r8d, 0x1000             ; AT_EMPTY_PATH
        call64  322, rbp, name + 1, arguments, 0        ; execveat
        say     "execveat was refused"
        die     1
.second:
        say     "a program ran that no directory holds"
        die     0

        section .data
name:   db "m", 0
        align 8
arguments: dq name, name, 0
policy: filter
        LD_NR
        JEQ     2, .deny                ; open
        JEQ     59, .deny               ; execve
        JEQ     257, .deny              ; openat
    %ifdef FIXED
        JEQ     322, .deny              ; execveat
    %endif
        ALLOW
.deny:  ERRNO   1
        end_filter policy
        end_elf
