#include "runtime/stream/queue.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <thread>

using pipit::Chunk;
using pipit::ChunkQueue;
using pipit::Item;
using pipit::kAtOnce;
using pipit::kForever;
using pipit::Value;

namespace {

constexpr std::size_t kAnyBytes = SIZE_MAX;

/// Rows of one item, with a mark of a depth behind them or none.
Chunk chunk(const std::shared_ptr<Item>& item, std::uint32_t rows, std::optional<std::uint32_t> mark = {},
            std::size_t bytes = 0) {
  Chunk c;
  c.item = item;
  c.rows = rows;
  c.columns.emplace_back(rows, Value(1));
  if (mark) c.marks.push_back({rows, *mark});
  c.bytes = bytes;
  return c;
}

/// Takes what is there: its rows, or nothing.
std::optional<std::uint32_t> take(ChunkQueue& queue) {
  Chunk c;
  if (queue.pop(c, kAtOnce) != ChunkQueue::Popped::kChunk) return std::nullopt;
  return c.rows;
}

bool push(ChunkQueue& queue, Chunk c) {
  return queue.push(std::move(c), [] {});
}

/// A push of another thread, and whether it had to wait.
class Pusher {
 public:
  Pusher(ChunkQueue& queue, Chunk c)
      : thread_([&queue, this, c = std::move(c)]() mutable {
          taken_ = queue.push(std::move(c), [this] { blocked_ = true; });
          done_ = true;
        }) {}
  bool waits() {
    while (!blocked_ && !done_) std::this_thread::yield();
    return blocked_ && !done_;
  }
  bool finish() {
    thread_.join();
    return taken_;
  }

 private:
  std::atomic<bool> blocked_{false};
  std::atomic<bool> done_{false};
  bool taken_ = false;
  std::thread thread_;
};

}  // namespace

TEST_CASE("queue: chunks come out in the order of their push") {
  ChunkQueue queue(100, kAnyBytes, {});
  const auto item = std::make_shared<Item>();
  CHECK(push(queue, chunk(item, 3)));
  CHECK(push(queue, chunk(item, 1, 0)));
  CHECK(take(queue) == 3);
  CHECK(take(queue) == 1);
  CHECK_FALSE(take(queue));
  CHECK(queue.most_rows() == 5);
}

TEST_CASE("queue: a full one makes its producer wait for room") {
  ChunkQueue queue(4, kAnyBytes, {});
  const auto item = std::make_shared<Item>();
  CHECK(push(queue, chunk(item, 4)));
  Pusher pusher(queue, chunk(item, 2));
  CHECK(pusher.waits());
  CHECK(take(queue) == 4);
  CHECK(pusher.finish());
  CHECK(take(queue) == 2);
}

TEST_CASE("queue: bytes bound it too") {
  ChunkQueue queue(100, 10, {});
  const auto item = std::make_shared<Item>();
  CHECK(push(queue, chunk(item, 1, {}, 9)));
  Pusher pusher(queue, chunk(item, 1, {}, 2));
  CHECK(pusher.waits());
  CHECK(take(queue) == 1);
  CHECK(pusher.finish());
}

TEST_CASE("queue: an empty one takes a chunk of any size") {
  ChunkQueue queue(1, 1, {});
  CHECK(push(queue, chunk(std::make_shared<Item>(), 50, 0, 1000)));
  CHECK(take(queue) == 50);
}

TEST_CASE("queue: pop waits for a chunk") {
  ChunkQueue queue(1, kAnyBytes, {});
  std::thread late([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    push(queue, chunk(std::make_shared<Item>(), 7));
  });
  Chunk c;
  CHECK(queue.pop(c, kForever) == ChunkQueue::Popped::kChunk);
  CHECK(c.rows == 7);
  late.join();
}

TEST_CASE("queue: abort wakes both sides and drops what is there") {
  const auto item = std::make_shared<Item>();
  ChunkQueue full(1, kAnyBytes, {});
  CHECK(push(full, chunk(item, 1)));
  Pusher pusher(full, chunk(item, 1));
  CHECK(pusher.waits());
  full.abort();
  CHECK(pusher.finish());
  Chunk c;
  CHECK(full.pop(c, kForever) == ChunkQueue::Popped::kNothingMore);

  ChunkQueue empty(1, kAnyBytes, {});
  std::thread aborter([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    empty.abort();
  });
  CHECK(empty.pop(c, kForever) == ChunkQueue::Popped::kNothingMore);
  aborter.join();
  CHECK(push(empty, chunk(item, 1)));
  CHECK_MESSAGE(empty.pop(c, kAtOnce) == ChunkQueue::Popped::kNothingMore, "what comes after abort is dropped");
}

TEST_CASE("queue: one that holds an item refuses what overflows it and keeps the item's end") {
  ChunkQueue queue(UINT32_MAX, 10, 0);
  const auto item = std::make_shared<Item>();
  CHECK(push(queue, chunk(item, 4, {}, 8)));
  CHECK_FALSE(push(queue, chunk(item, 4, {}, 8)));
  CHECK_FALSE(push(queue, chunk(item, 4, 0, 8)));
  CHECK(take(queue) == 4);
  Chunk end;
  REQUIRE(queue.pop(end, kAtOnce) == ChunkQueue::Popped::kChunk);
  CHECK(end.item == item);
  CHECK(end.rows == 0);
  CHECK(end.ends_item());
}

TEST_CASE("queue: a failed item's producer goes on and its end passes a full queue") {
  ChunkQueue queue(1, kAnyBytes, {});
  const auto item = std::make_shared<Item>();
  item->on_failed = [&] { queue.wake(); };
  CHECK(push(queue, chunk(item, 1)));
  Pusher pusher(queue, chunk(item, 1));
  CHECK(pusher.waits());
  item->fail(0, {"node", "code", "message"});
  CHECK(pusher.finish());
  CHECK(push(queue, chunk(item, 1, 0)));
  CHECK(take(queue) == 1);
  Chunk end;
  REQUIRE(queue.pop(end, kAtOnce) == ChunkQueue::Popped::kChunk);
  CHECK(end.rows == 0);
  CHECK(end.ends_item());
  CHECK_FALSE(take(queue));
}

TEST_CASE("queue: one that holds an item waits while an earlier item is whole") {
  ChunkQueue queue(UINT32_MAX, 10, 0);
  const auto first = std::make_shared<Item>();
  const auto second = std::make_shared<Item>();
  CHECK(push(queue, chunk(first, 4, 0, 8)));
  Pusher pusher(queue, chunk(second, 4, 0, 8));
  CHECK_MESSAGE(pusher.waits(), "the second item alone would find room");
  CHECK(take(queue) == 4);
  CHECK(pusher.finish());
  CHECK(take(queue) == 4);
}

TEST_CASE("queue: one that holds a group refuses once the groups before have gone") {
  ChunkQueue queue(UINT32_MAX, 10, 1);
  const auto item = std::make_shared<Item>();
  CHECK(push(queue, chunk(item, 1, 1, 4)));
  CHECK(push(queue, chunk(item, 2, {}, 6)));
  Pusher pusher(queue, chunk(item, 3, {}, 8));
  CHECK(pusher.waits());
  CHECK(take(queue) == 1);
  CHECK_FALSE(pusher.finish());
  CHECK(take(queue) == 2);
}
