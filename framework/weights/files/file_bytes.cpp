#include "weights/files/file_bytes.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <new>
#include <system_error>

namespace pipit::weights {
namespace {

// Cache lines; what a mapping gives at least.
constexpr std::align_val_t kAlignment{64};

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() { ::close(number_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

[[noreturn]] void fail_with_errno(const char* what) {
  fail("cannot be {}: {}", what, std::generic_category().message(errno));
}

std::byte* map_file(const Descriptor& file, std::size_t size) {
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.number(), 0);
  if (data == MAP_FAILED) fail_with_errno("mapped");
  return static_cast<std::byte*>(data);
}

void read_file(const Descriptor& file, std::byte* data, std::size_t size) {
  std::size_t done = 0;
  while (done < size) {
    ssize_t got = ::pread(file.number(), data + done, size - done, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_with_errno("read");
    if (got == 0) fail("became shorter while it was read");
    done += static_cast<std::size_t>(got);
  }
}

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

std::shared_ptr<const FileBytes> FileBytes::open(const std::filesystem::path& path, bool map) {
  // Not blocking, so that a FIFO is refused below rather than waited for.
  int number = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (number < 0 && (errno == ENOENT || errno == ENOTDIR)) {
    throw std::filesystem::filesystem_error("open", path, std::error_code(errno, std::generic_category()));
  }
  if (number < 0) fail_with_errno("opened");
  Descriptor file(number);
  struct stat status {};
  if (::fstat(file.number(), &status) != 0) fail_with_errno("read");
  if (!S_ISREG(status.st_mode)) fail("is not a regular file");
  if (status.st_size == 0) fail("is empty");
  auto size = static_cast<std::size_t>(status.st_size);
  std::shared_ptr<FileBytes> whole;
  if (map) {
    whole.reset(new FileBytes(map_file(file, size), size, true));
  } else {
    whole = allocate(size);
    read_file(file, whole->data_, size);
  }
  whole->identity_ = {status.st_dev, status.st_ino, size, nanoseconds(status.st_mtim), nanoseconds(status.st_ctim)};
  return whole;
}

std::shared_ptr<FileBytes> FileBytes::allocate(std::size_t size) {
  return std::shared_ptr<FileBytes>(
      new FileBytes(static_cast<std::byte*>(::operator new(size, kAlignment)), size, false));
}

bool FileBytes::contains(Bytes part) const {
  const std::less_equal<const std::byte*> not_after;
  return not_after(data_, part.data()) && not_after(part.data() + part.size(), data_ + size_);
}

void FileBytes::give_back(Bytes part) const {
  if (!mapped_) return;
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const auto start = static_cast<std::size_t>(part.data() - data_);
  const std::size_t first = (start + page - 1) / page * page;
  const std::size_t end = (start + part.size()) / page * page;
  // Advice: where it is not taken, nothing is lost.
  if (first < end) ::madvise(data_ + first, end - first, MADV_DONTNEED);
}

FileBytes::~FileBytes() {
  if (mapped_) {
    ::munmap(data_, size_);
  } else {
    ::operator delete(data_, kAlignment);
  }
}

}  // namespace pipit::weights
