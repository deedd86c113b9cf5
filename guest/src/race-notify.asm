; A race for `trapgate explore`: a supervisor looks at a path in its subject's memory and lets the call go on; a thread of the subject
; writes another path there, at a moment that nobody has arranged. With an argument the supervisor opens what it has checked itself.
; man 2 seccomp_unotify, "Caveats"; landmine B10 holds the window open.
;   trapgate explore --never 'openat(*"/dev/zero"*)' guest/bin/race-notify [fixed]
%include "guest.inc"
%include "thread.inc"
%define LISTENER shared
%define PATH     shared + 16
%define NOTIF    shared + 0x80          ; struct seccomp_notif: id @0, data.args[1] @40
%define RESP     shared + 0x100         ; struct seccomp_notif_resp: id @0, val @8, error @16, flags @20
%define ADDFD    shared + 0x120         ; struct seccomp_notif_addfd: id @0, flags @8, srcfd @12
%define LOOKED   shared + 0x140
        elf64
_start: mov     r15, [rsp]              ; argc: 2 is the mended supervisor
        mov     rax, "/dev/nul"
        mov     [PATH], rax
        mov     dword [PATH + 8], "l"
        call64  56, 0x700 | 17, STACK - 0x200, 0        ; clone(CLONE_VM|CLONE_FS|CLONE_FILES|SIGCHLD): the subject
        test    rax, rax
        jz      subject
        mov     rbp, rax
        until_set LISTENER
        mov     ebx, [LISTENER]
        test    ebx, ebx
        js      .none
        call64  16, rbx, 0xc0502100, NOTIF              ; SECCOMP_IOCTL_NOTIF_RECV
        mov     rax, [NOTIF]
        mov     [RESP], rax
        mov     [ADDFD], rax
        mov     rsi, [NOTIF + 16 + 16 + 8]
        mov     rax, [rsi]                              ; the look: eight characters of the path
        mov     [LOOKED], rax
        mov     rcx, "/dev/nul"
        cmp     rax, rcx
        jne     .refuse
        cmp     r15, 2
        je      .open
        mov     dword [RESP + 20], 1                    ; SECCOMP_USER_NOTIF_FLAG_CONTINUE
        jmp     .send
.refuse:
        mov     dword [RESP + 16], -1                   ; EPERM
.send:  call64  16, rbx, 0xc0182101, RESP               ; SECCOMP_IOCTL_NOTIF_SEND
        jmp     .end
.open:  call64  2, checked, 0
        mov     [ADDFD + 12], eax
        mov     dword [ADDFD + 8], 2                    ; SECCOMP_ADDFD_FLAG_SEND
        call64  16, rbx, 0x40182103, ADDFD              ; SECCOMP_IOCTL_NOTIF_ADDFD
.end:   call64  61, rbp, 0, 0, 0                        ; wait4
        die     0
.none:  say     "the kernel has no listeners"
        die     2

writer: mov     rax, "/dev/zer"
        mov     [PATH], rax
        mov     dword [PATH + 8], "o"
        exit_thread 0

subject:
        thread  writer
        call64  24                      ; sched_yield: let it begin
        xor     r8d, r8d
        call64  157, 38, 1, 0, 0
        call64  317, 1, 8, policy_prog                  ; seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER)
        mov     [LISTENER], eax                         ; an error is negative
        call64  257, -100, PATH, 0, 0                   ; openat
        die     0

        section .data
checked:
        db      "/dev/null", 0
        align   8
policy: filter
        LD_NR
        JEQ     257, .ask
        ALLOW
.ask:   RET     0x7fc00000
        end_filter policy
        end_elf
