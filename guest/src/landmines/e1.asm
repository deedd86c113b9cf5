; E1: a confined process writes into one that is not, through /proc/PID/mem. The filter sees openat and pwrite64.
%include "guest.inc"
        elf64
_start: call64  39                      ; getpid
        mov     r12, rax
        call64  57                      ; fork
        test    rax, rax
        jz      .child
        mov     rbp, rax
        call64  61, rbp, bss, 0, 0      ; wait4
        cmp     qword [bss + 128], 1
        jne     .untouched
        say     "the unconfined parent was changed"
        die     0
.untouched:
        say     "the parent is unchanged"
        die     1
.child: confine policy
        ; "/proc/PID/mem", from its end
        mov     rdi, bss + 300
        mov     dword [rdi], "mem"
        dec     rdi
        mov     byte [rdi], '/'
        mov     rax, r12
        mov     ecx, 10
.digit: xor     edx, edx
        div     rcx
        add     dl, '0'
        dec     rdi
        mov     [rdi], dl
        test    rax, rax
        jnz     .digit
        sub     rdi, 6
        mov     dword [rdi], "/pro"
        mov     word [rdi + 4], "c/"
        mov     rsi, rdi
        call64  257, -100, rsi, 1       ; openat, O_WRONLY
        mov     r13, rax
        call64  18, r13, one, 8, bss + 128      ; pwrite64
        die     0

        section .data
one:    dq 1
policy: filter
        LD_NR
        JEQ     101, .deny              ; ptrace
        JEQ     310, .deny              ; process_vm_readv
        JEQ     311, .deny              ; process_vm_writev
    %ifdef FIXED
        JEQ     2, .deny                ; open
        JEQ     257, .deny              ; openat
        JEQ     437, .deny              ; openat2
    %endif
        ALLOW
.deny:  ERRNO   1
        end_filter policy
        end_elf
