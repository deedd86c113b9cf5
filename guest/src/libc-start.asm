; What a static C program does before main, and a little after it: its system calls, and instructions of each kind that compilers write.
; It says nothing. The build runs it, so that V8's compiled form of the command line (tools/bundle.mjs) holds what most programs need.
%include "elf.inc"
%include "calls.inc"
        elf64   property
_start: mov     eax, [bss - 0x40]               ; a page of data: read, and written then
        mov     rbx, [rsp]                      ; the vDSO is looked at, where there is one
        lea     rbx, [rsp + rbx * 8 + 16]
.env:   add     rbx, 8
        cmp     qword [rbx - 8], 0
        jne     .env
.aux:   mov     rax, [rbx]
        add     rbx, 16
        test    rax, rax
        jz      .begin
        cmp     rax, 33                         ; AT_SYSINFO_EHDR
        jne     .aux
        mov     rax, [rbx - 8]
        mov     eax, [rax]
.begin: call64  12, 0                           ; brk
        lea     rbx, [rax + 0xd80]
        call64  12, rbx
        call64  158, 0x1002, bss + 0x400        ; arch_prctl(ARCH_SET_FS)
        mov     rax, [fs:0]
        call64  218, bss + 0x100                ; set_tid_address
        call64  273, bss + 0x108, 24            ; set_robust_list
        call64  334, bss + 0x140, 32, 0, 0x53053053 ; rseq
        xor     edi, edi                        ; prlimit64(0, RLIMIT_STACK, NULL, …)
        xor     edx, edx
        call64  302, rdi, 3, rdx, bss + 0x200
        call64  267, -100, self, bss + 0x300, 128 ; readlinkat
        call64  318, bss + 0x200, 8, 1          ; getrandom
        call64  12, 0
        lea     rbx, [rax + 0x21000]
        call64  12, rbx
        mov     [rbx - 8], rbx
        call64  157, 16, bss + 0x200            ; prctl(PR_GET_NAME)
        call64  102                             ; getuid
        call64  63, bss + 0x200                 ; uname
        call64  257, -100, missing, 0           ; openat
        call64  257, -100, null, 2
        mov     ebx, eax
        call64  5, rbx, bss + 0x200             ; fstat
        call64  16, rbx, 0x5401, bss + 0x200    ; ioctl(TCGETS)
        call64  1, rbx, self, 8                 ; write
        call64  1, 1, self, 0
        call64  0, rbx, bss + 0x200, 8          ; read
        call64  3, rbx                          ; close
        xor     r8d, r8d                        ; mmap
        dec     r8
        xor     r9d, r9d
        call64  9, 0, 0x40000, 3, 0x22
        mov     rbx, rax
        mov     rdi, rbx                        ; page after page
        mov     ecx, 0x30000 / 8
        rep     stosq
        mov     eax, [TEXT + 0xff0]
        mov     eax, [TEXT + 0x1000]
        call64  10, rbx, 0x1000, 1              ; mprotect
        call64  11, rbx, 0x40000                ; munmap
        call64  13, 10, 0, bss + 0x200, 8       ; rt_sigaction
        call64  14, 0, 0, bss + 0x200, 8        ; rt_sigprocmask

        xor     eax, eax
        cpuid
        mov     eax, 1
        xor     ecx, ecx
        cpuid
        bt      edx, 26
        jnc     .done
        lea     rax, [rel .called]
        call    rax
        call    [rel pointer]
        lea     rax, [rel .on]
        jmp     rax
.called:
        push    rbp
        mov     rbp, rsp
        sub     rsp, 0x20
        mov     [rsp + 8], rdi
        leave
        ret
.on:    mov     ecx, 8                          ; strings, shifts, products, conditions
        mov     edi, bss + 0x200
        xor     eax, eax
        cld
        rep     stosq
        mov     ecx, 16
        mov     esi, self
        mov     edi, bss + 0x200
        rep     movsb
        imul    rax, rcx, 24
        mul     rcx
        mov     ecx, 7
        div     rcx
        imul    edx, edx
        movzx   eax, byte [esi]
        movsx   edx, al
        movsxd  rdx, eax
        shl     rdx, cl
        sar     edx, 3
        rol     edx, 5
        shrd    rdx, rax, 4
        cmp     edx, eax
        setg    al
        cmovl   edx, ecx
        bsf     rax, rcx
        bsr     eax, ecx
        bswap   eax
        cmp     byte [fs:0], 0
        lock cmpxchg [bss + 0x200], ecx
        xchg    [bss + 0x208], ecx
        lock xadd [bss + 0x208], ecx
        neg     ecx
        not     ecx
        adc     ecx, 1
        sbb     ecx, ecx
        lea     rax, [rcx + 4 * rdx + 1]
        test    al, 4
        jz      .vectors
        inc     dword [bss + 0x200]
.vectors:
        movdqu  xmm0, [self]
        pxor    xmm1, xmm1
        movaps  [bss + 0x240], xmm0             ; 0x600280 is a multiple of 16
        pcmpeqb xmm1, xmm0
        pmovmskb eax, xmm1
        movd    xmm2, eax
        movq    xmm3, rax
        punpcklbw xmm2, xmm2
        pshufd  xmm2, xmm2, 0
        pminub  xmm2, xmm0
        por     xmm2, xmm1
        paddd   xmm2, xmm3
        psubb   xmm2, xmm3
        pslldq  xmm2, 4
        punpcklqdq xmm2, xmm3
        movups  [bss + 0x200], xmm2
        movq    [bss + 0x200], xmm2
        cvtsi2sd xmm0, ecx
        addsd   xmm0, xmm0
        comisd  xmm0, xmm1
        jmp     .edge
        times   0xffe - ($ - $$) nop            ; an instruction over a page's edge
.edge:  mov     eax, 0x12345678
.done:  die     0
        section .data align=8
pointer: dq     _start.called
property: dd    4, 16, 5                        ; NT_GNU_PROPERTY_TYPE_0: what x86 processors need
        db      "GNU", 0
        dd      0xc0008002, 4, 1, 0
self:   db      "/proc/self/exe", 0, 0
missing: db     "/etc/ld.so.nohwcap", 0
null:   db      "/dev/null", 0
        end_elf
