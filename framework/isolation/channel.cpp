#include "isolation/channel.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <memory>
#include <span>
#include <system_error>
#include <utility>

#include "isolation/value_bytes.h"

namespace pipit {
namespace {

struct Head {
  std::uint32_t kind = 0;
  std::uint32_t reserved = 0;
  std::uint64_t bytes = 0;
};

constexpr unsigned kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

/// A descriptor that is closed.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  int number() const { return number_; }

 private:
  int number_;
};

[[noreturn]] void fail_sending(const char* step) {
  throw Error("unavailable", fmt::format("cannot pass a value to another process: {}: {}", step,
                                         std::generic_category().message(errno)));
}

[[noreturn]] void refuse(const std::string& what) {
  throw Error("invalid_input", what);
}

/// The bytes of a value in a sealed file in memory.
Descriptor in_memory(const ValueBytes& bytes) {
  Descriptor file(memfd_create("pipit", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (file.number() < 0) fail_sending("memfd_create");
  std::vector<iovec> left = bytes.pieces();
  for (auto next = left.begin(); next != left.end();) {
    const auto count = std::min<std::ptrdiff_t>(left.end() - next, IOV_MAX);
    const ssize_t written = writev(file.number(), &*next, static_cast<int>(count));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail_sending("writev");
    auto rest = static_cast<std::size_t>(written);
    for (; next != left.end() && rest >= next->iov_len; ++next) rest -= next->iov_len;
    if (rest > 0) *next = {static_cast<std::byte*>(next->iov_base) + rest, next->iov_len - rest};
  }
  if (fcntl(file.number(), F_ADD_SEALS, kSeals) != 0) fail_sending("seal");
  return file;
}

/// A file in memory, mapped to be read for as long as it is used.
std::shared_ptr<void> mapped(const Descriptor& file, std::size_t bytes) {
  if ((static_cast<unsigned>(fcntl(file.number(), F_GET_SEALS)) & kSeals) != kSeals) refuse("a body is not sealed");
  struct stat status {};
  if (fstat(file.number(), &status) != 0 || static_cast<std::uint64_t>(status.st_size) != bytes) {
    refuse("a body has another size than its head says");
  }
  void* const at = mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file.number(), 0);
  if (at == MAP_FAILED) throw std::bad_alloc();
  return {at, [bytes](void* mapping) { munmap(mapping, bytes); }};
}

Descriptor passed_with(msghdr& packet) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&packet); part != nullptr; part = CMSG_NXTHDR(&packet, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    int number = -1;
    std::memcpy(&number, CMSG_DATA(part), sizeof(number));
    return Descriptor(number);
  }
  return Descriptor();
}

}  // namespace

Channel::Channel(int socket, std::size_t most_bytes)
    : socket_(socket), most_bytes_(most_bytes), packet_(sizeof(Head) + kInPacket) {}

Channel::~Channel() {
  close(socket_);
}

bool Channel::send(MessageKind kind, const Value& body) {
  const ValueBytes bytes(body);
  Head head{static_cast<std::uint32_t>(kind), 0, bytes.size()};
  std::vector<iovec> pieces{{&head, sizeof(head)}};
  msghdr packet{};
  alignas(cmsghdr) char rights[CMSG_SPACE(sizeof(int))] = {};
  // What has more pieces than a packet may have goes in a file too.
  const bool in_packet = bytes.size() <= kInPacket && bytes.pieces().size() < IOV_MAX;
  const Descriptor file = in_packet ? Descriptor() : in_memory(bytes);
  if (in_packet) {
    pieces.insert(pieces.end(), bytes.pieces().begin(), bytes.pieces().end());
  } else {
    packet.msg_control = rights;
    packet.msg_controllen = sizeof(rights);
    cmsghdr* const part = CMSG_FIRSTHDR(&packet);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof(int));
    const int number = file.number();
    std::memcpy(CMSG_DATA(part), &number, sizeof(number));
  }
  packet.msg_iov = pieces.data();
  packet.msg_iovlen = pieces.size();
  for (;;) {
    if (sendmsg(socket_, &packet, MSG_NOSIGNAL) >= 0) return true;
    if (errno == EPIPE || errno == ECONNRESET) return false;
    if (errno != EINTR) fail_sending("sendmsg");
  }
}

Channel::Got Channel::receive(Message& message, std::chrono::milliseconds wait) {
  pollfd ready{socket_, POLLIN, 0};
  const int found = poll(&ready, 1, static_cast<int>(wait.count()));
  if (found == 0 || (found < 0 && errno == EINTR)) return Got::kNothingYet;
  iovec piece{packet_.data(), packet_.size()};
  msghdr packet{};
  alignas(cmsghdr) char rights[CMSG_SPACE(sizeof(int))] = {};
  packet.msg_iov = &piece;
  packet.msg_iovlen = 1;
  packet.msg_control = rights;
  packet.msg_controllen = CMSG_LEN(sizeof(int));  // of one descriptor, not of two that the space would hold
  const ssize_t size = recvmsg(socket_, &packet, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (size < 0 && (errno == EINTR || errno == EAGAIN)) return Got::kNothingYet;
  if (size <= 0) return Got::kGone;
  const Descriptor file = passed_with(packet);
  if ((packet.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 || static_cast<std::size_t>(size) < sizeof(Head)) {
    refuse(fmt::format("a packet of {} bytes is no message", size));
  }
  Head head;
  std::memcpy(&head, packet_.data(), sizeof(head));
  message.kind = static_cast<MessageKind>(head.kind);
  if (file.number() < 0) {
    const auto body = std::span(packet_).first(static_cast<std::size_t>(size)).subspan(sizeof(head));
    if (body.size() != head.bytes) refuse("a body has another size than its head says");
    message.body = read_value(body);
    return Got::kMessage;
  }
  if (head.bytes > most_bytes_) {
    refuse(fmt::format("a body of {} bytes is larger than the {} that are allowed", head.bytes, most_bytes_));
  }
  const std::shared_ptr<void> mapping = mapped(file, head.bytes);
  message.body = read_value({static_cast<const std::byte*>(mapping.get()), head.bytes}, mapping);
  return Got::kMessage;
}

}  // namespace pipit
