// Resources (models, mostly) shared by all nodes of the process that ask for the same key.
#pragma once

#include <string>

#include "module/runtime_table.h"

namespace pipit {

/// See pipit_host::resource_acquire. Returns false with the error of `make`.
bool acquire_resource(const std::string& key, int (*make)(void* user, void** object, pipit_error* error),
                      void (*drop)(void* object), void* user, pipit_resource** resource, void** object,
                      pipit_error& error);
void release_resource(pipit_resource* resource);

}  // namespace pipit
