#include "server/media.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "pipit/error.h"
#include "server/http/message.h"

namespace pipit::server {
namespace {

namespace fs = std::filesystem;

int open_beneath(int folder, const std::string& path) {
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(::syscall(SYS_openat2, folder, path.c_str(), &how, sizeof how));
}

/// "b.mp4" of "/clips/b.mp4" in "/clips"; empty where it does not lie in it.
std::string below(const fs::path& folder, const fs::path& file) {
  const fs::path relative = file.lexically_normal().lexically_relative(folder);
  return relative.empty() || *relative.begin() == ".." || relative == "." ? "" : relative.string();
}

}  // namespace

OpenFile::~OpenFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::string OpenFile::path() const {
  return fmt::format("/proc/self/fd/{}", descriptor_);
}

OpenFile OpenFile::of_content(std::string_view content) {
  OpenFile file(::memfd_create("upload", MFD_CLOEXEC));
  for (std::size_t done = 0; file.descriptor_ >= 0 && done < content.size();) {
    const ssize_t wrote = ::write(file.descriptor_, content.data() + done, content.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) throw Error("unavailable", fmt::format("an upload cannot be kept: {}", std::strerror(errno)));
    done += static_cast<std::size_t>(wrote);
  }
  if (file.descriptor_ < 0)
    throw Error("unavailable", fmt::format("an upload cannot be kept: {}", std::strerror(errno)));
  return file;
}

std::string renamed(std::string message, const std::string& ours, const std::string& theirs) {
  for (auto at = message.find(ours); at != std::string::npos;) {
    const std::size_t end = at + ours.size();
    // "/proc/self/fd/7" is no part of "/proc/self/fd/71".
    const bool longer = end < message.size() && message[end] >= '0' && message[end] <= '9';
    if (!longer) message.replace(at, ours.size(), theirs);
    // What stands there now may hold anything, our own path too.
    at = message.find(ours, longer ? end : at + theirs.size());
  }
  return message;
}

MediaRoots::MediaRoots(const std::vector<fs::path>& folders) {
  for (const fs::path& folder : folders) {
    OpenFile opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (opened.descriptor() < 0) {
      throw Error("not_found",
                  fmt::format("--media-root '{}' cannot be opened: {}", folder.string(), std::strerror(errno)));
    }
    folders_.push_back({fs::canonical(folder), std::move(opened)});
  }
}

OpenFile MediaRoots::open(const std::string& path) const {
  if (folders_.empty()) {
    throw Refusal{403, "no_media_root",
                  fmt::format("the server opens no files by name ('{}'); send the file itself, or start "
                              "the server with --media-root DIR",
                              path)};
  }
  const bool whole = !path.empty() && path.find('\0') == std::string::npos;
  for (const Folder& root : folders_) {
    const std::string name = fs::path(path).is_absolute() ? below(root.path, path) : path;
    if (!whole || name.empty()) continue;
    OpenFile file(open_beneath(root.folder.descriptor(), name));
    struct stat status {};
    if (file.descriptor() >= 0 && ::fstat(file.descriptor(), &status) == 0 && S_ISREG(status.st_mode)) return file;
  }
  // One answer for all reasons: it tells nothing of what lies elsewhere.
  throw Refusal{422, "not_found", fmt::format("there is no file '{}' among the media", path)};
}

std::string MediaRoots::name_of(const fs::path& file) const {
  std::error_code error;
  const fs::path real = fs::canonical(file, error);
  for (const Folder& root : folders_) {
    if (std::string name = error ? "" : below(root.path, real); !name.empty()) return name;
  }
  return "";
}

}  // namespace pipit::server
