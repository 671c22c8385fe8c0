// Messages between two ends, of which one may be anybody.
#include "isolation/channel.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <thread>
#include <utility>

using namespace pipit;
using namespace std::chrono_literals;

namespace {

struct Ends {
  Ends() { REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, both) == 0); }
  int both[2];
};

/// A channel, and the bare socket that it listens to.
struct Listener {
  Ends ends;
  Channel channel{ends.both[0], std::size_t{8} << 20};
  int stranger = ends.both[1];
  ~Listener() { close(stranger); }

  /// A packet with a head, and a descriptor where it is not negative.
  void send(std::uint64_t bytes, const std::string& body, int file = -1) const {
    std::uint64_t head[2] = {static_cast<std::uint64_t>(MessageKind::kDone), bytes};
    iovec pieces[2] = {{head, sizeof(head)}, {const_cast<char*>(body.data()), body.size()}};
    msghdr packet{};
    packet.msg_iov = pieces;
    packet.msg_iovlen = 2;
    alignas(cmsghdr) char rights[CMSG_SPACE(sizeof(int))] = {};
    if (file >= 0) {
      packet.msg_control = rights;
      packet.msg_controllen = sizeof(rights);
      cmsghdr* part = CMSG_FIRSTHDR(&packet);
      part->cmsg_level = SOL_SOCKET;
      part->cmsg_type = SCM_RIGHTS;
      part->cmsg_len = CMSG_LEN(sizeof(int));
      std::memcpy(CMSG_DATA(part), &file, sizeof(file));
    }
    REQUIRE(sendmsg(stranger, &packet, 0) > 0);
  }
  std::string refusal() {
    Message message;
    try {
      channel.receive(message, 1000ms);
    } catch (const Error& e) {
      return e.what();
    }
    return "none";
  }
};

std::size_t descriptors() {
  const std::filesystem::directory_iterator open("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(open), end(open)));
}

/// A file in memory of so many zeros.
int file_of(std::size_t bytes, unsigned seals) {
  const int file = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  REQUIRE(ftruncate(file, static_cast<off_t>(bytes)) == 0);
  REQUIRE(fcntl(file, F_ADD_SEALS, seals) == 0);
  return file;
}

}  // namespace

TEST_CASE("channel: small and large bodies arrive, and nothing stays open") {
  const std::size_t before = descriptors();
  {
    const Ends ends;
    Channel here(ends.both[0], std::size_t{1} << 30);
    Channel there(ends.both[1], std::size_t{1} << 30);
    std::vector<Value> many(5000, Value(std::string(4096, 'm')));  // more pieces than the kernel takes at once
    for (const Value& body : {Value(7), Value(std::string(60'000, 'x')), Value(std::string(70'000, 'y')),
                              Value(Tensor::empty(DType::kUInt8, {3000, 2000})), Value::list(std::move(many))}) {
      std::thread sender([&] { CHECK(here.send(MessageKind::kText, body)); });
      Message message;
      REQUIRE(there.receive(message, 10'000ms) == Channel::Got::kMessage);
      sender.join();
      CHECK(message.kind == MessageKind::kText);
      CHECK(message.body.kind() == body.kind());
    }
    Message none;
    CHECK(there.receive(none, 0ms) == Channel::Got::kNothingYet);
  }
  CHECK(descriptors() == before);
}

TEST_CASE("channel: an end that is gone is told") {
  const Ends ends;
  Channel here(ends.both[0], 1000);
  close(ends.both[1]);
  Message message;
  CHECK(here.receive(message, 1000ms) == Channel::Got::kGone);
  CHECK_FALSE(here.send(MessageKind::kStop));
}

TEST_CASE("channel: what is no message is refused, with its descriptors closed") {
  const std::size_t before = descriptors();
  {
    Listener listener;
    const std::size_t open = descriptors();
    REQUIRE(write(listener.stranger, "abc", 3) == 3);
    CHECK(listener.refusal() == "a packet of 3 bytes is no message");
    listener.send(9, "12345678");
    CHECK(listener.refusal() == "a body has another size than its head says");
    listener.send(8, std::string(8, '\xff'));
    CHECK(listener.refusal() == "byte 8 of a value of 8: a kind was expected, found 4294967295");
    const std::string large(100'000, 'x');
    listener.send(large.size(), large);
    CHECK(listener.refusal() == "a packet of 65552 bytes is no message");
    constexpr unsigned kAll = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    for (const auto& [bytes, seals, said, refusal] :
         {std::tuple(std::size_t{4096}, 0U, std::uint64_t{4096}, "a body is not sealed"),
          std::tuple(std::size_t{4096}, unsigned{F_SEAL_SHRINK | F_SEAL_GROW}, std::uint64_t{4096},
                     "a body is not sealed"),
          std::tuple(std::size_t{4096}, kAll, std::uint64_t{4104}, "a body has another size than its head says"),
          std::tuple(std::size_t{16} << 20, kAll, std::uint64_t{16} << 20,
                     "a body of 16777216 bytes is larger than the 8388608 that are allowed"),
          std::tuple(std::size_t{4096}, kAll, std::uint64_t{4096},
                     "byte 8 of a value of 4096: the end was expected")}) {
      const int file = file_of(bytes, seals);
      listener.send(said, "", file);
      close(file);
      CHECK(listener.refusal() == refusal);
    }
    CHECK(descriptors() == open);
  }
  CHECK(descriptors() == before);
}
