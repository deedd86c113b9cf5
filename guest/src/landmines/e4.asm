; E4: a file comes from outside by SCM_RIGHTS. The filter forbids to open files, not to receive them.
%include "guest.inc"
        elf64
_start: call64  53, 1, 2, 0, bss + 64   ; socketpair(AF_UNIX, SOCK_DGRAM)
        ; struct msghdr at bss + 128, its iovec at + 192, its control data at + 224
        mov     rax, bss + 192
        mov     [bss + 128 + 16], rax
        mov     qword [bss + 128 + 24], 1
        mov     rax, bss + 224
        mov     [bss + 128 + 32], rax
        mov     qword [bss + 128 + 40], 24
        mov     rax, bss + 260
        mov     [bss + 192], rax
        mov     qword [bss + 200], 1
        call64  57                      ; fork
        test    rax, rax
        jz      .child
        call64  257, -100, self, 0      ; openat
        mov     qword [bss + 224], 20   ; struct cmsghdr: SOL_SOCKET, SCM_RIGHTS
        mov     dword [bss + 232], 1
        mov     dword [bss + 236], 1
        mov     [bss + 240], eax
        mov     edi, [bss + 64]
        call64  46, rdi, bss + 128, 0   ; sendmsg
        call64  61, -1, bss, 0, 0       ; wait4
        movzx   edi, byte [bss + 1]
        die     rdi
.child: confine policy
        mov     edi, [bss + 68]
        call64  47, rdi, bss + 128, 0   ; recvmsg
        test    rax, rax
        js      .refused
        mov     edi, [bss + 240]
        call64  0, rdi, bss + 300, 4    ; read
        cmp     dword [bss + 300], 0x464c457f
        jne     .refused
        say     "read a file without opening it"
        die     0
.refused:
        say     "recvmsg was refused"
        die     1

        section .data
self:   db "/proc/self/exe", 0
policy: filter
        LD_NR
        JEQ     2, .deny                ; open
        JEQ     257, .deny              ; openat
        JEQ     437, .deny              ; openat2
    %ifdef FIXED
        JEQ     47, .deny               ; recvmsg
        JEQ     299, .deny              ; recvmmsg
    %endif
        ALLOW
.deny:  ERRNO   1
        end_filter policy
        end_elf
