; C11: a call of the vDSO is no system call. The coarse clock is read from the kernel's page on every machine. vdso(7)
%include "guest.inc"
        elf64
_start: mov     rsi, rsp
        lodsq
        lea     rsi, [rsi + 8 * rax + 8]
.env:   lodsq
        test    rax, rax
        jnz     .env
.aux:   lodsq
        mov     rbx, rax
        lodsq
        cmp     rbx, 33                 ; AT_SYSINFO_EHDR
        jne     .aux
        mov     rbx, rax
        mov     rcx, [rbx + 32]         ; e_phoff
        add     rcx, rbx
.phdr:  cmp     dword [rcx], 2          ; PT_DYNAMIC
        je      .dynamic
        add     rcx, 56
        jmp     .phdr
.dynamic:
        mov     rsi, [rcx + 16]         ; p_vaddr
        add     rsi, rbx
.tag:   lodsq
        mov     rdx, rax
        lodsq
        cmp     edx, 5                  ; DT_STRTAB
        cmove   r12, rax
        cmp     edx, 6                  ; DT_SYMTAB
        cmove   r13, rax
        test    edx, edx
        jnz     .tag
        add     r12, rbx
        add     r13, rbx
.symbol:
        mov     esi, [r13]              ; st_name
        add     rsi, r12
        mov     edi, wanted
        mov     ecx, wanted_end - wanted
        repe    cmpsb
        je      .found
        add     r13, 24
        jmp     .symbol
.found: add     rbx, [r13 + 8]          ; st_value
        confine policy
        mov     edi, 6                  ; CLOCK_MONOTONIC_COARSE
        mov     esi, bss + 0x100
        call    rbx
        cdqe
        say_result "clock_gettime of the vDSO"
        call64  228, 6, bss + 0x100
        say_result "clock_gettime as a system call"
        die     0
        need_print_number

        section .data
wanted: db      "__vdso_clock_gettime", 0
wanted_end:
        align   8
policy: filter
        LD_NR
        JEQ     228, .deny
        ALLOW
.deny:  ERRNO   1
        end_filter policy
        end_elf
