#include "index/index_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "base/atomic_file.h"
#include "pipit/error.h"

namespace pipit {
namespace {

constexpr std::size_t kWrittenTogether = 1 << 20;

std::string message(int error) {
  return std::generic_category().message(error);
}

[[noreturn]] void cannot_write(const std::filesystem::path& path, int error) {
  throw Error("output_failed", fmt::format("cannot write '{}': {}", path.string(), message(error)));
}

void write_all(int file, std::string_view text, off_t at, const std::filesystem::path& path) {
  while (!text.empty()) {
    const ssize_t done = ::pwrite(file, text.data(), text.size(), at);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) cannot_write(path, errno);
    text.remove_prefix(static_cast<std::size_t>(done));
    at += done;
  }
}

}  // namespace

Descriptor::~Descriptor() {
  if (number_ >= 0) ::close(number_);
}

MappedFile::MappedFile(const Descriptor& file, std::size_t size) : size_(size) {
  if (size == 0) return;
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.number(), 0);
  if (data == MAP_FAILED) throw std::system_error(errno, std::generic_category());
  data_ = static_cast<std::byte*>(data);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

void NewFile::write(std::string_view text) {
  waiting_ += text;
  if (waiting_.size() >= kWrittenTogether) flush();
}

void NewFile::flush() {
  write_all(file_.number(), waiting_, bytes_, path_);
  bytes_ += static_cast<std::int64_t>(waiting_.size());
  waiting_.clear();
}

void NewFile::overwrite(std::string_view beginning) {
  flush();
  write_all(file_.number(), beginning, 0, path_);
}

std::string NewFile::finish() {
  flush();
  if (::fsync(file_.number()) != 0) cannot_write(path_, errno);
  try {
    return Sha256::of(MappedFile(file_, static_cast<std::size_t>(bytes_)).bytes());
  } catch (const std::system_error& e) {
    cannot_write(path_, e.code().value());
  }
}

IndexFolder IndexFolder::open(const std::filesystem::path& path) {
  Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.number() < 0) {
    if (errno == ENOENT) throw Error("not_found", fmt::format("index '{}' does not exist", path.string()));
    if (errno == ENOTDIR) {
      throw Error("invalid_index", fmt::format("'{}' is not an index: an index is a folder", path.string()));
    }
    throw Error("invalid_index", fmt::format("index '{}' cannot be opened: {}", path.string(), message(errno)));
  }
  return {std::move(folder), path, path};
}

IndexFolder IndexFolder::make(const std::filesystem::path& path) {
  if (::mkdir(path.c_str(), 0777) != 0 && errno != EEXIST) cannot_write(path, errno);
  return open(path);
}

std::string IndexFolder::shown(const std::string& name) const {
  return (path_ / name).lexically_relative(index_).string();
}

IndexFolder IndexFolder::inner(const std::string& name) const {
  Descriptor folder(::openat(number(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (folder.number() < 0) damaged(fmt::format("folder '{}' cannot be opened: {}", shown(name), message(errno)));
  return {std::move(folder), path_ / name, index_};
}

IndexFolder IndexFolder::make_inner(const std::string& name) const {
  if (::mkdirat(number(), name.c_str(), 0777) != 0 && errno != EEXIST) cannot_write(path_ / name, errno);
  return inner(name);
}

std::vector<std::string> IndexFolder::names() const {
  // A descriptor of its own: the stream closes it, and reads from where it stands.
  DIR* stream = ::fdopendir(::openat(number(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  std::vector<std::string> names;
  if (stream == nullptr) return names;
  while (const dirent* entry = ::readdir(stream)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  ::closedir(stream);
  std::ranges::sort(names);
  return names;
}

bool IndexFolder::has(const std::string& name) const {
  struct stat status {};
  return ::fstatat(number(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
}

IndexFolder::Opened IndexFolder::open_file(const std::string& name) const {
  // Not blocking, so that a FIFO is refused below rather than waited for.
  Descriptor file(::openat(number(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (file.number() < 0) {
    if (errno == ELOOP) damaged(fmt::format("'{}' is a link", shown(name)));
    damaged(fmt::format("'{}' cannot be opened: {}", shown(name), message(errno)));
  }
  struct stat status {};
  if (::fstat(file.number(), &status) != 0)
    damaged(fmt::format("'{}' cannot be read: {}", shown(name), message(errno)));
  if (!S_ISREG(status.st_mode)) damaged(fmt::format("'{}' is not a regular file", shown(name)));
  return {std::move(file), status.st_size};
}

std::string IndexFolder::read(const std::string& name, std::int64_t most_bytes) const {
  const Opened opened = open_file(name);
  if (opened.bytes > most_bytes) {
    damaged(fmt::format("'{}' has {} bytes; at most {} are read", shown(name), opened.bytes, most_bytes));
  }
  std::string content(static_cast<std::size_t>(opened.bytes), '\0');
  for (std::size_t done = 0; done < content.size();) {
    const ssize_t got =
        ::pread(opened.file.number(), content.data() + done, content.size() - done, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) damaged(fmt::format("'{}' became shorter while it was read", shown(name)));
    done += static_cast<std::size_t>(got);
  }
  return content;
}

MappedFile IndexFolder::map(const std::string& name, std::int64_t bytes) const {
  const Opened opened = open_file(name);
  if (opened.bytes != bytes) {
    damaged(fmt::format("'{}' has {} bytes, and its manifest says {}", shown(name), opened.bytes, bytes));
  }
  try {
    return {opened.file, static_cast<std::size_t>(bytes)};
  } catch (const std::system_error& e) {
    throw Error("invalid_index",
                fmt::format("'{}' cannot be mapped: {}", (path_ / name).string(), message(e.code().value())));
  }
}

NewFile IndexFolder::make_file(const std::string& name) const {
  Descriptor file(::openat(number(), name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
  if (file.number() < 0) cannot_write(path_ / name, errno);
  return {std::move(file), path_ / name};
}

void IndexFolder::replace(const std::string& name, std::string_view content) const {
  try {
    AtomicFile file(number());
    file.write(content);
    file.name(name, /*durable=*/true);
  } catch (const WriteFault& fault) {
    throw Error("output_failed", fmt::format("'{}' {}", (path_ / name).string(), fault.what()));
  }
}

void IndexFolder::sync() const {
  if (::fsync(number()) != 0) cannot_write(path_, errno);
}

void IndexFolder::remove(const std::string& name) const {
  if (::unlinkat(number(), name.c_str(), 0) != 0) ::unlinkat(number(), name.c_str(), AT_REMOVEDIR);
}

void IndexFolder::damaged(std::string_view what) const {
  throw Error("invalid_index", fmt::format("index '{}' is damaged: {}", index_.string(), what));
}

}  // namespace pipit
