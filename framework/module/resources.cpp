#include "module/resources.h"

#include <map>
#include <memory>
#include <mutex>

/// One shared object. `making` is held while it is made, so that others wait for it and not for other keys.
struct pipit_resource {
  std::string key;
  std::size_t users = 0;  // guarded by the table's mutex; those who wait count too
  std::mutex making;
  void* object = nullptr;
  void (*drop)(void* object) = nullptr;
};

namespace pipit {
namespace {

struct Table {
  std::mutex mutex;
  std::map<std::string, std::unique_ptr<pipit_resource>> resources;
};

/// Never destroyed: resources may be released by threads that outlive main's statics.
Table& table() {
  static auto* instance = new Table;
  return *instance;
}

}  // namespace

bool acquire_resource(const std::string& key, int (*make)(void* user, void** object, pipit_error* error),
                      void (*drop)(void* object), void* user, pipit_resource** resource, void** object,
                      pipit_error& error) {
  pipit_resource* entry = nullptr;
  {
    const std::scoped_lock lock(table().mutex);
    std::unique_ptr<pipit_resource>& slot = table().resources[key];
    if (!slot) {
      slot = std::make_unique<pipit_resource>();
      slot->key = key;
    }
    entry = slot.get();
    ++entry->users;
  }
  {
    const std::scoped_lock lock(entry->making);
    if (entry->object != nullptr || make(user, &entry->object, &error) == 0) {
      entry->drop = drop;
      *resource = entry;
      *object = entry->object;
      return true;
    }
  }
  release_resource(entry);
  return false;
}

void release_resource(pipit_resource* resource) {
  std::unique_ptr<pipit_resource> last;
  {
    const std::scoped_lock lock(table().mutex);
    if (--resource->users > 0) return;
    const auto found = table().resources.find(resource->key);
    last = std::move(found->second);
    table().resources.erase(found);
  }
  if (last->object != nullptr) last->drop(last->object);
}

}  // namespace pipit
