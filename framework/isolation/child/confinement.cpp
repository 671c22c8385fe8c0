#include "isolation/child/confinement.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <initializer_list>
#include <system_error>
#include <vector>

#include "base/process_limits.h"
#include "pipit/error.h"

namespace pipit {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
constexpr std::uint32_t kArchitecture = 0;  // no filter
#endif

constexpr std::uint32_t at_number = offsetof(seccomp_data, nr);
constexpr std::uint32_t kAllow = SECCOMP_RET_ALLOW;
constexpr std::uint32_t kRefuse = SECCOMP_RET_ERRNO | EPERM;
/// As from a kernel that does not know the call: the C library takes an older one, whose arguments can be judged.
constexpr std::uint32_t kUnknown = SECCOMP_RET_ERRNO | ENOSYS;

/// A program for the kernel: which calls it refuses.
class Filter {
 public:
  Filter() {
    load(offsetof(seccomp_data, arch));
    // Calls of another architecture have other numbers.
    add(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0);
    add(BPF_RET | BPF_K, kRefuse);
    load(at_number);
#if defined(__x86_64__)
    constexpr std::uint32_t kX32 = 0x40000000;
    add(BPF_JMP | BPF_JGE | BPF_K, kX32, 0, 1);
    add(BPF_RET | BPF_K, kRefuse);
#endif
  }

  void refuse(std::initializer_list<long> calls, std::uint32_t answer = kRefuse) {
    for (const long call : calls) {
      add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0, 1);
      add(BPF_RET | BPF_K, answer);
    }
  }
  /// Refuses a call that has one of these bits in an argument, or that lacks them all.
  void refuse_bits(long call, unsigned argument, std::uint32_t bits) {
    judge(call, argument, BPF_JSET, bits, true);
  }
  void refuse_without(long call, unsigned argument, std::uint32_t bits) {
    judge(call, argument, BPF_JSET, bits, false);
  }
  /// Refuses a call whose argument is this, or is another.
  void refuse_value(long call, unsigned argument, std::uint32_t value) {
    judge(call, argument, BPF_JEQ, value, true);
  }
  void refuse_others(long call, unsigned argument, std::uint32_t value) {
    judge(call, argument, BPF_JEQ, value, false);
  }
  /// Refuses a call whose argument, a pointer, is not null.
  void refuse_pointer(long call, unsigned argument) {
    add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0, 6);
    load(half_of(argument, 0));
    add(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 2);
    load(half_of(argument, 1));
    add(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0);
    add(BPF_RET | BPF_K, kRefuse);
    load(at_number);
  }

  /// False: the kernel has no such filters.
  bool install() {
    add(BPF_RET | BPF_K, kAllow);
    const sock_fprog program{static_cast<unsigned short>(program_.size()), program_.data()};
    // Of all threads.
    const long status = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
    if (status < 0 && errno == ENOSYS) return false;
    // A positive one is a thread that could not be filtered.
    if (status != 0) {
      throw Error("unavailable", fmt::format("cannot confine an operator's process (seccomp): {}",
                                             std::generic_category().message(errno)));
    }
    return true;
  }

 private:
  /// Arguments are 64 bits wide, in the machine's order, of which both of ours have the low half first.
  static constexpr std::uint32_t half_of(unsigned argument, unsigned half) {
    return static_cast<std::uint32_t>(offsetof(seccomp_data, args) + argument * 8 + half * 4);
  }
  void add(unsigned code, std::uint32_t k, unsigned if_true = 0, unsigned if_false = 0) {
    program_.push_back(
        {static_cast<std::uint16_t>(code), static_cast<std::uint8_t>(if_true), static_cast<std::uint8_t>(if_false), k});
  }
  void load(std::uint32_t offset) {
    add(BPF_LD | BPF_W | BPF_ABS, offset);
  }
  /// Refuses a call for which a comparison of an argument with a number turns out so.
  void judge(long call, unsigned argument, unsigned comparison, std::uint32_t with, bool refused) {
    add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0, 4);
    load(half_of(argument, 0));
    add(BPF_JMP | comparison | BPF_K, with, refused ? 0 : 1, refused ? 1 : 0);
    add(BPF_RET | BPF_K, kRefuse);
    load(at_number);
  }

  std::vector<sock_filter> program_;
};

void refuse_files(Filter& filter) {
  constexpr std::uint32_t kWriting = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND;
  filter.refuse_bits(SYS_openat, 2, kWriting);
  filter.refuse({SYS_openat2}, kUnknown);
  filter.refuse({SYS_truncate,          SYS_mkdirat,
                 SYS_mknodat,           SYS_unlinkat,
                 SYS_renameat2,         SYS_linkat,
                 SYS_symlinkat,         SYS_fchmod,
                 SYS_fchmodat,          SYS_fchown,
                 SYS_fchownat,          SYS_setxattr,
                 SYS_lsetxattr,         SYS_fsetxattr,
                 SYS_removexattr,       SYS_lremovexattr,
                 SYS_fremovexattr,      SYS_utimensat,
                 SYS_mq_open,           SYS_mq_unlink,
                 SYS_name_to_handle_at, SYS_open_by_handle_at,
                 SYS_fanotify_init,     SYS_quotactl,
                 SYS_memfd_secret});
#if defined(__x86_64__)
  filter.refuse_bits(SYS_open, 1, kWriting);
  filter.refuse({SYS_creat, SYS_mkdir, SYS_rmdir, SYS_mknod, SYS_unlink, SYS_rename, SYS_renameat, SYS_link,
                 SYS_symlink, SYS_chmod, SYS_chown, SYS_lchown, SYS_utime, SYS_utimes, SYS_futimesat});
#else
  filter.refuse({SYS_renameat});
#endif
}

void refuse_others(Filter& filter) {
  const auto self = static_cast<std::uint32_t>(getpid());
  filter.refuse({SYS_socket,
                 SYS_bind,
                 SYS_listen,
                 SYS_connect,
                 SYS_accept,
                 SYS_accept4,
                 SYS_execve,
                 SYS_execveat,
                 SYS_kill,
                 SYS_tkill,
                 SYS_rt_sigqueueinfo,
                 SYS_pidfd_open,
                 SYS_pidfd_getfd,
                 SYS_pidfd_send_signal,
                 SYS_ptrace,
                 SYS_process_vm_readv,
                 SYS_process_vm_writev,
                 SYS_process_madvise,
                 SYS_kcmp,
                 SYS_shmget,
                 SYS_semget,
                 SYS_msgget,
                 SYS_setpgid,
                 SYS_setsid});
  // A thread shares its process; the C library asks for one by clone when clone3 is not known. abort() signals itself.
  filter.refuse_without(SYS_clone, 0, CLONE_THREAD);
  filter.refuse({SYS_clone3}, kUnknown);
  filter.refuse_others(SYS_tgkill, 0, self);
  filter.refuse_others(SYS_rt_tgsigqueueinfo, 0, self);
  // Typing into the terminal that the program was started from.
  filter.refuse_value(SYS_ioctl, 1, TIOCSTI);
  filter.refuse_value(SYS_ioctl, 1, TIOCLINUX);
#if defined(__x86_64__)
  filter.refuse({SYS_fork, SYS_vfork});
#endif
}

void refuse_administration(Filter& filter) {
  filter.refuse_pointer(SYS_prlimit64, 2);
  filter.refuse({SYS_setrlimit,     SYS_io_uring_setup,  SYS_io_uring_enter, SYS_io_uring_register,
                 SYS_bpf,           SYS_perf_event_open, SYS_userfaultfd,    SYS_mount,
                 SYS_umount2,       SYS_move_mount,      SYS_open_tree,      SYS_fsopen,
                 SYS_fsconfig,      SYS_fsmount,         SYS_fspick,         SYS_mount_setattr,
                 SYS_pivot_root,    SYS_chroot,          SYS_unshare,        SYS_setns,
                 SYS_add_key,       SYS_request_key,     SYS_keyctl,         SYS_init_module,
                 SYS_finit_module,  SYS_delete_module,   SYS_kexec_load,     SYS_reboot,
                 SYS_swapon,        SYS_swapoff,         SYS_acct,           SYS_settimeofday,
                 SYS_clock_settime, SYS_clock_adjtime,   SYS_adjtimex,       SYS_sethostname,
                 SYS_setdomainname, SYS_syslog,          SYS_personality,    SYS_setuid,
                 SYS_setgid,        SYS_setreuid,        SYS_setregid,       SYS_setresuid,
                 SYS_setresgid,     SYS_setgroups,       SYS_setfsuid,       SYS_setfsgid,
                 SYS_capset,        SYS_vhangup});
#if defined(__x86_64__)
  filter.refuse({SYS_ioperm, SYS_iopl, SYS_modify_ldt});
#endif
}

void bound(int what, std::int64_t most) {
  const rlimit limit{static_cast<rlim_t>(most), static_cast<rlim_t>(most)};
  setrlimit(static_cast<__rlimit_resource_t>(what), &limit);
}

}  // namespace

bool confine([[maybe_unused]] std::int64_t memory) {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  if (!limit_memory(memory)) {
    throw Error("unavailable", "cannot confine an operator's process: the kernel refuses a bound on its memory");
  }
  bound(RLIMIT_FSIZE, memory);  // of a file in memory
#endif
  bound(RLIMIT_CORE, 0);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    throw Error("unavailable", fmt::format("cannot confine an operator's process (no_new_privs): {}",
                                           std::generic_category().message(errno)));
  }
  if (kArchitecture == 0) return false;
  Filter filter;
  refuse_files(filter);
  refuse_others(filter);
  refuse_administration(filter);
  return filter.install();
}

}  // namespace pipit
