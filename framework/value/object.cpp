#include "value/object.h"

namespace pipit {
namespace {

Object* object(const pipit_value& value) {
  return static_cast<Object*>(value.as.object);
}

template <class T>
const T& as(const pipit_value& value) {
  return *static_cast<const T*>(object(value));
}

/// Runs a maker; memory that is short becomes the status that the table promises.
template <class Make>
int make(std::uint32_t kind, pipit_value* out, Make&& fill) {
  try {
    *out = {kind, 0, {}};
    out->as.object = static_cast<Object*>(fill());
    return 0;
  } catch (const std::bad_alloc&) {
    *out = {};
    return 1;
  }
}

TensorObject* take_tensor(pipit_managed_tensor* managed) {
  try {
    auto* tensor = new TensorObject;
    tensor->managed = managed;
    return tensor;
  } catch (...) {
    if (managed->deleter != nullptr) managed->deleter(managed);
    throw;
  }
}

/// The caller keeps its references when memory ends: room for all comes first, taking them cannot fail.
void take_values(std::vector<Value>& into, const pipit_value* values, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) into.push_back(Value::adopt(values[i]));
}

std::size_t tensor_bytes(const pipit_tensor& tensor) {
  std::size_t bytes = (tensor.dtype.bits * tensor.dtype.lanes + 7u) / 8u;
  for (std::int32_t d = 0; d < tensor.dimensions; ++d) bytes *= static_cast<std::size_t>(tensor.shape[d]);
  return bytes;
}

}  // namespace

std::size_t value_bytes(const Value& value) {
  std::size_t bytes = sizeof(Value);
  switch (value.kind()) {
    case Kind::kString:
      return bytes + as<StringObject>(value.raw()).text.size();
    case Kind::kBytes:
      return bytes + as<BytesObject>(value.raw()).data.size();
    case Kind::kTensor:
    case Kind::kFrame:
      return bytes + tensor_bytes(as<TensorObject>(value.raw()).managed->tensor);
    case Kind::kList:
      for (const Value& v : as<ListObject>(value.raw()).elements) bytes += value_bytes(v);
      return bytes;
    case Kind::kMap:
      for (const Value& v : as<MapObject>(value.raw()).keys) bytes += value_bytes(v);
      for (const Value& v : as<MapObject>(value.raw()).values) bytes += value_bytes(v);
      return bytes;
    default:
      return bytes;
  }
}

void fill_value_functions(pipit_host& host) {
  host.retain = [](pipit_value value) {
    if (value.kind >= PIPIT_STRING) object(value)->references.fetch_add(1, std::memory_order_relaxed);
  };
  host.release = [](pipit_value value) {
    if (value.kind >= PIPIT_STRING && object(value)->references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      delete object(value);
    }
  };

  host.make_string = [](const char* data, std::size_t size, pipit_value* out) {
    return make(PIPIT_STRING, out, [&] {
      auto fresh = std::make_unique<StringObject>();
      fresh->text.assign(data, size);
      return fresh.release();
    });
  };
  host.make_bytes = [](const void* data, std::size_t size, pipit_value* out) {
    return make(PIPIT_BYTES, out, [&] {
      auto fresh = std::make_unique<BytesObject>();
      const auto* first = static_cast<const std::byte*>(data);
      fresh->data.assign(first, first + size);
      return fresh.release();
    });
  };
  host.make_tensor = [](pipit_managed_tensor* tensor, pipit_value* out) {
    return make(PIPIT_TENSOR, out, [&] { return take_tensor(tensor); });
  };
  host.make_frame = [](const pipit_frame_info* info, pipit_managed_tensor* pixels, pipit_value* out) {
    return make(PIPIT_FRAME, out, [&] {
      TensorObject* tensor = take_tensor(pixels);
      tensor->frame = *info;
      return tensor;
    });
  };
  host.make_list = [](const pipit_value* elements, std::size_t size, pipit_value* out) {
    return make(PIPIT_LIST, out, [&] {
      auto fresh = std::make_unique<ListObject>();
      fresh->elements.reserve(size);
      take_values(fresh->elements, elements, size);
      return fresh.release();
    });
  };
  host.make_map = [](const pipit_value* keys, const pipit_value* values, std::size_t size, pipit_value* out) {
    return make(PIPIT_MAP, out, [&] {
      auto fresh = std::make_unique<MapObject>();
      fresh->keys.reserve(size);
      fresh->values.reserve(size);
      take_values(fresh->keys, keys, size);
      take_values(fresh->values, values, size);
      return fresh.release();
    });
  };

  // A caller in C has nothing that keeps it from reading a value as what it is not.
  host.string_data = [](pipit_value value, std::size_t* size) -> const char* {
    *size = 0;
    if (value.kind != PIPIT_STRING) return nullptr;
    const std::string& text = as<StringObject>(value).text;
    *size = text.size();
    return text.c_str();
  };
  host.bytes_data = [](pipit_value value, std::size_t* size) -> const void* {
    *size = 0;
    if (value.kind != PIPIT_BYTES) return nullptr;
    const std::vector<std::byte>& data = as<BytesObject>(value).data;
    *size = data.size();
    return data.data();
  };
  host.tensor = [](pipit_value value) -> const pipit_tensor* {
    if (value.kind != PIPIT_TENSOR && value.kind != PIPIT_FRAME) return nullptr;
    return &as<TensorObject>(value).managed->tensor;
  };
  host.frame_info = [](pipit_value value) -> const pipit_frame_info* {
    return value.kind == PIPIT_FRAME ? &as<TensorObject>(value).frame : nullptr;
  };
  host.list_data = [](pipit_value value, std::size_t* size) -> const pipit_value* {
    *size = 0;
    if (value.kind != PIPIT_LIST) return nullptr;
    const std::vector<Value>& elements = as<ListObject>(value).elements;
    *size = elements.size();
    return reinterpret_cast<const pipit_value*>(elements.data());
  };
  host.map_size = [](pipit_value value) {
    return value.kind == PIPIT_MAP ? as<MapObject>(value).keys.size() : std::size_t{0};
  };
  host.map_entry = [](pipit_value value, std::size_t at, pipit_value* key, pipit_value* entry) {
    *key = {};
    *entry = {};
    if (value.kind != PIPIT_MAP || at >= as<MapObject>(value).keys.size()) return;
    *key = as<MapObject>(value).keys[at].raw();
    *entry = as<MapObject>(value).values[at].raw();
  };
}

}  // namespace pipit
