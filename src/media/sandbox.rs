//! The sandbox of a worker, which it enters before it reads the first byte.
//!
//! In it, a process that is taken over can use its own memory, read its input, and write one file
//! of limited size. Every other system call ends it.

use std::io;

use rustix::process::{Resource, Rlimit, setrlimit};

/// The limit of address space in bytes.
const MEMORY: u64 = 512 * 1024 * 1024;
/// The limit of processor time in seconds.
const PROCESSOR: u64 = 20;
/// The limit of the answer's size in bytes.
pub(super) const OUTPUT: u64 = 64 * 1024 * 1024;

/// Sets the limits and, on Linux, the filter. Open files stay open; no further one can be opened.
pub(super) fn enter() -> io::Result<()> {
    let limits = [
        (Resource::As, MEMORY),
        (Resource::Cpu, PROCESSOR),
        (Resource::Fsize, OUTPUT),
        (Resource::Nofile, 0),
        (Resource::Core, 0),
    ];
    for (resource, limit) in limits {
        setrlimit(resource, Rlimit { current: Some(limit), maximum: Some(limit) })?;
    }
    #[cfg(target_os = "linux")]
    filter::enter().map_err(io::Error::other)?;
    Ok(())
}

#[cfg(target_os = "linux")]
mod filter {
    use std::collections::BTreeMap;

    use seccompiler::{
        BpfProgram, Error, SeccompAction, SeccompCmpArgLen as Width, SeccompCmpOp as Is,
        SeccompCondition as Condition, SeccompFilter, SeccompRule, apply_filter_all_threads,
    };

    /// Sets `no_new_privs` and the filter; from here on any other call ends the process.
    pub(super) fn enter() -> Result<(), Error> {
        let arch = std::env::consts::ARCH.try_into()?;
        let (refused, allowed) = (SeccompAction::KillProcess, SeccompAction::Allow);
        let filter = SeccompFilter::new(calls()?, refused, allowed, arch)?;
        apply_filter_all_threads(&BpfProgram::try_from(filter)?)
    }

    fn calls() -> Result<BTreeMap<i64, Vec<SeccompRule>>, seccompiler::BackendError> {
        let rule = |conditions| SeccompRule::new(conditions);
        let argument = |at, width, is, value| Condition::new(at, width, is, value);
        // The input must not be written: it is the bridge's own file, and open for writing.
        let to_answer = rule(vec![argument(0, Width::Dword, Is::Eq, 1)?])?;
        let to_nowhere = rule(vec![argument(0, Width::Dword, Is::Eq, 2)?])?;
        // A debug build checks a file before it closes it.
        let is_it_open = rule(vec![argument(1, Width::Dword, Is::Eq, F_GETFD)?])?;
        let never_code = || argument(2, Width::Dword, Is::MaskedEq(PROT_EXEC), 0);
        let no_file = argument(3, Width::Dword, Is::MaskedEq(MAP_ANONYMOUS), MAP_ANONYMOUS)?;
        let mut calls = BTreeMap::from([
            (libc::SYS_write, vec![to_answer, to_nowhere]),
            (libc::SYS_fcntl, vec![is_it_open]),
            (libc::SYS_mmap, vec![rule(vec![no_file, never_code()?])?]),
            (libc::SYS_mprotect, vec![rule(vec![never_code()?])?]),
        ]);
        calls.extend(FREE.iter().map(|call| (*call, Vec::new())));
        Ok(calls)
    }

    /// Constants of the kernel's interface, in the width that a rule compares.
    const F_GETFD: u64 = libc::F_GETFD as u64;
    const PROT_EXEC: u64 = libc::PROT_EXEC as u64;
    const MAP_ANONYMOUS: u64 = libc::MAP_ANONYMOUS as u64;

    /// The system calls that are allowed with any arguments: reading open files, memory, ending.
    const FREE: &[i64] = &[
        libc::SYS_pread64,
        libc::SYS_close,
        libc::SYS_brk,
        libc::SYS_munmap,
        libc::SYS_mremap,
        libc::SYS_madvise,
        libc::SYS_futex,
        libc::SYS_getrandom,
        libc::SYS_clock_gettime,
        libc::SYS_sigaltstack,
        libc::SYS_rt_sigreturn,
        libc::SYS_exit,
        libc::SYS_exit_group,
    ];
}
