#include "module/resources.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace {

std::atomic<int> made{0};
std::atomic<int> dropped{0};

int make(void* user, void** object, pipit_error* error) {
  ++made;
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  if (user != nullptr) {
    error->code = "not_found";
    error->message = "no weights";
    return 1;
  }
  *object = new int(made);
  return 0;
}

void drop(void* object) {
  ++dropped;
  delete static_cast<int*>(object);
}

struct Held {
  pipit_resource* resource = nullptr;
  void* object = nullptr;
  pipit_error error;
  bool good = false;
};

Held acquire(const std::string& key, bool failing = false) {
  Held held;
  int flag = 0;
  held.good =
      pipit::acquire_resource(key, make, drop, failing ? &flag : nullptr, &held.resource, &held.object, held.error);
  return held;
}

}  // namespace

TEST_CASE("resources: all who ask for a key share one object until the last lets go") {
  made = dropped = 0;
  const Held a = acquire("model");
  const Held b = acquire("model");
  const Held other = acquire("other");
  CHECK(made == 2);
  CHECK(a.object == b.object);
  CHECK(a.object != other.object);
  pipit::release_resource(a.resource);
  CHECK(dropped == 0);
  pipit::release_resource(b.resource);
  CHECK(dropped == 1);
  pipit::release_resource(acquire("model").resource);
  CHECK_MESSAGE(made == 3, "what nobody held is made anew");
  pipit::release_resource(other.resource);
  CHECK(dropped == 3);
}

TEST_CASE("resources: a failure goes to its caller and the next one tries again") {
  made = dropped = 0;
  const Held failed = acquire("model", true);
  CHECK_FALSE(failed.good);
  CHECK(failed.error.message == "no weights");
  const Held good = acquire("model");
  CHECK(good.good);
  CHECK(made == 2);
  pipit::release_resource(good.resource);
  CHECK(dropped == 1);
}

TEST_CASE("resources: threads that ask at once make it once") {
  made = dropped = 0;
  std::vector<Held> held(8);
  std::vector<std::thread> threads;
  for (Held& mine : held) {
    threads.emplace_back([&mine] { mine = acquire("model"); });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(made == 1);
  for (const Held& mine : held) {
    CHECK(mine.object == held[0].object);
    pipit::release_resource(mine.resource);
  }
  CHECK(dropped == 1);
}

TEST_CASE("resources: threads that come and go never see a dead object") {
  made = dropped = 0;
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&wrong, t] {
      for (int i = 0; i < 20; ++i) {
        const Held mine = acquire("model", t == 0 && i % 3 == 0);
        if (mine.good) {
          if (*static_cast<int*>(mine.object) <= 0) ++wrong;
          pipit::release_resource(mine.resource);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(dropped > 0);
}
