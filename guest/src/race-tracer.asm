; A race for `trapgate explore`: a tracer attaches to a confined child while it works. If it catches the child on its way into getpid, it
; puts getppid's number there. Until Linux 4.8 the filter has looked already ("x86/ptrace: run seccomp after ptrace"); landmine D3 arranges it.
;   trapgate explore --kernel 4.5 --never getppid guest/bin/race-tracer
%include "guest.inc"
        elf64
_start: call64  57                      ; fork
        test    rax, rax
        jz      .child
        mov     rbp, rax
        call64  101, 16, rbp, 0, 0      ; ptrace(PTRACE_ATTACH)
        test    rax, rax
        js      .gone
        call64  61, rbp, bss, 0x40000000, 0     ; wait4(__WALL): it has stopped
        cmp     byte [bss], 0x7f
        jne     .gone
        call64  101, 24, rbp, 0, 0      ; ptrace(PTRACE_SYSCALL)
        call64  61, rbp, bss, 0x40000000, 0
        cmp     byte [bss], 0x7f
        jne     .gone
        call64  101, 3, rbp, 120, bss + 8       ; PTRACE_PEEKUSER: orig_rax
        cmp     dword [bss + 8], 39
        jne     .leave                  ; not getpid
        call64  101, 6, rbp, 120, 110   ; PTRACE_POKEUSER: orig_rax = getppid
.leave: call64  101, 17, rbp, 0, 0      ; PTRACE_DETACH
        call64  61, rbp, bss, 0, 0
.gone:  die     0
.child: confine policy
        call64  39                      ; getpid
        call64  39
        die     0

        section .data
policy: filter
        LD_NR
        JEQ     110, .deny
        ALLOW
.deny:  ERRNO   1
        end_filter policy
        end_elf
