//! What this process may ask of the kernel (seccomp): to read what it was given,
//! to answer, to allocate, to compute, to end.
//!
//! Everything else is answered with EPERM, so that what a library tries in
//! passing (a backtrace that wants to open its program) fails softly, and
//! whoever took the parser over finds neither files nor network nor programs.
//! The filter is built by seccompiler (of the rust-vmm project).

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter,
};
use std::collections::BTreeMap;

type Rules = BTreeMap<i64, Vec<SeccompRule>>;
type Built<T> = Result<T, seccompiler::BackendError>;

/// Calls that are allowed whatever their arguments.
const ALLOWED: &[i64] = &[
    // The socket, and descriptors that came through it.
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_pread64,
    libc::SYS_lseek,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_sendto,
    libc::SYS_sendmsg,
    libc::SYS_shutdown,
    libc::SYS_fstat,
    libc::SYS_close,
    libc::SYS_dup,
    libc::SYS_fcntl,
    libc::SYS_ppoll,
    // Memory.
    libc::SYS_brk,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    // Threads of this process, and waiting.
    libc::SYS_futex,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_gettid,
    libc::SYS_getpid,
    libc::SYS_getppid,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_membarrier,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_restart_syscall,
    // Signals, limits, chance, the end.
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_getrusage,
    libc::SYS_getrandom,
    libc::SYS_exit,
    libc::SYS_exit_group,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_poll,
];

/// Confines the calling thread and those that it starts; false where this
/// kernel or architecture has no such filter.
pub fn enter() -> bool {
    // The list comes last: under it no further filter can be set. It lets clone3
    // pass, so that the other filter's ENOSYS is the answer.
    let filters = allowed().and_then(|allowed| Ok([without_clone3()?, allowed]));
    filters.is_ok_and(|filters| filters.iter().all(|filter| apply_filter(filter).is_ok()))
}

fn allowed() -> Built<BpfProgram> {
    let mut rules: Rules = ALLOWED.iter().map(|call| (*call, Vec::new())).collect();
    let own = u64::from(std::process::id());
    // An abort signals the process itself.
    rules.insert(libc::SYS_tgkill, vec![argument(0, SeccompCmpOp::Eq, own)?]);
    // Limits are this process's own, which is 0.
    rules.insert(libc::SYS_prlimit64, vec![argument(0, SeccompCmpOp::Eq, 0)?]);
    // A thread, never a process.
    let thread = libc::CLONE_THREAD as u64;
    let thread = argument(0, SeccompCmpOp::MaskedEq(thread), thread)?;
    rules.insert(libc::SYS_clone, vec![thread]);
    rules.insert(libc::SYS_clone3, Vec::new());
    // No memory becomes a program; a thread's stack is made accessible by mprotect.
    let executable = libc::PROT_EXEC as u64;
    let data = argument(2, SeccompCmpOp::MaskedEq(executable), 0)?;
    rules.insert(libc::SYS_mprotect, vec![data.clone()]);
    rules.insert(libc::SYS_mmap, vec![data]);
    program(
        rules,
        SeccompAction::Errno(libc::EPERM as u32),
        SeccompAction::Allow,
    )
}

/// clone3 hides its flags behind a pointer, where no filter sees them; told that
/// there is no such call, the C library takes clone.
fn without_clone3() -> Built<BpfProgram> {
    let rules = Rules::from([(libc::SYS_clone3, Vec::new())]);
    program(
        rules,
        SeccompAction::Allow,
        SeccompAction::Errno(libc::ENOSYS as u32),
    )
}

fn program(rules: Rules, others: SeccompAction, listed: SeccompAction) -> Built<BpfProgram> {
    let architecture = TargetArch::try_from(std::env::consts::ARCH)?;
    SeccompFilter::new(rules, others, listed, architecture)?.try_into()
}

fn argument(number: u8, operator: SeccompCmpOp, value: u64) -> Built<SeccompRule> {
    let width = match operator {
        SeccompCmpOp::MaskedEq(_) => SeccompCmpArgLen::Qword,
        _ => SeccompCmpArgLen::Dword,
    };
    SeccompRule::new(vec![SeccompCondition::new(number, width, operator, value)?])
}
