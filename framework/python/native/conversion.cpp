#include "native/conversion.h"

#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "native/gil.h"

namespace pipit::python {
namespace {

using AnyArray = nb::ndarray<nb::ro>;

/// Deep enough for every value that means something, and far from the end of a thread's stack.
constexpr int kDeepest = 64;

std::string kind_of(nb::handle object) {
  return nb::cast<std::string>(nb::type_name(object.type()));
}

[[noreturn]] void refuse(PyObject* type, const char* what, const std::string& message) {
  PyErr_SetString(type, (std::string(what) + ": " + message).c_str());
  throw nb::python_error();
}

Value text_of(nb::handle text) {
  Py_ssize_t size = 0;
  const char* data = PyUnicode_AsUTF8AndSize(text.ptr(), &size);
  if (data == nullptr) throw nb::python_error();
  return Value(std::string_view(data, static_cast<std::size_t>(size)));
}

Value int_of(nb::handle number, const char* what) {
  int overflow = 0;
  const long long value = PyLong_AsLongLongAndOverflow(number.ptr(), &overflow);
  if (overflow != 0) refuse(PyExc_ValueError, what, "an int has 64 bits at most");
  if (value == -1 && PyErr_Occurred() != nullptr) throw nb::python_error();
  return Value(static_cast<std::int64_t>(value));
}

Value bytes_of(nb::handle object) {
  Py_buffer view;
  if (PyObject_GetBuffer(object.ptr(), &view, PyBUF_SIMPLE) != 0) throw nb::python_error();
  const std::unique_ptr<Py_buffer, void (*)(Py_buffer*)> release(&view, PyBuffer_Release);
  return Value::bytes({static_cast<const std::byte*>(view.buf), static_cast<std::size_t>(view.len)});
}

bool is_contiguous(const AnyArray& array) {
  if (array.size() == 0) return true;  // whatever its strides say
  std::int64_t expected = 1;
  for (std::size_t d = array.ndim(); d-- > 0;) {
    if (array.shape(d) != 1 && array.stride(d) != expected) return false;
    expected *= static_cast<std::int64_t>(array.shape(d));
  }
  return true;
}

DType dtype_of(const AnyArray& array, const char* what) {
  for (const DTypeInfo& info : kDTypes) {
    if (info.dlpack == array.dtype().code && info.bytes * 8 == array.dtype().bits && array.dtype().lanes == 1) {
      return info.dtype;
    }
  }
  refuse(PyExc_TypeError, what,
         "an array's elements are float64, float32, float16, bfloat16, int64, int32, int16, int8, uint8 or bool");
}

/// The array itself, or a contiguous copy of it in the memory of this machine.
AnyArray readable(nb::handle object, const char* what) {
  AnyArray array;
  if (!nb::try_cast<AnyArray>(object, array, false)) {
    refuse(PyExc_TypeError, what, "cannot read a " + kind_of(object) + " as an array");
  }
  if (array.device_type() != nb::device::cpu::value) {
    if (!nb::hasattr(object, "cpu")) refuse(PyExc_TypeError, what, "an array is in the memory of the CPU");
    return readable(object.attr("cpu")(), what);
  }
  if (is_contiguous(array)) return array;
  if (nb::hasattr(object, "contiguous")) return readable(object.attr("contiguous")(), what);
  return readable(nb::module_::import_("numpy").attr("ascontiguousarray")(object), what);
}

Tensor tensor_of(nb::handle object, const char* what) {
  const AnyArray array = readable(object, what);
  std::vector<std::int64_t> shape;
  for (std::size_t d = 0; d < array.ndim(); ++d) shape.push_back(static_cast<std::int64_t>(array.shape(d)));
  const DType dtype = dtype_of(array, what);
  auto owner = std::shared_ptr<void>(new AnyArray(array), [](void* dead) {
    if (Py_IsInitialized() == 0) return;
    const nb::gil_scoped_acquire gil;
    delete static_cast<AnyArray*>(dead);
  });
  return Tensor::wrap(const_cast<void*>(static_cast<const void*>(array.data())), dtype, std::move(shape),
                      std::move(owner));
}

Value frame_of(nb::handle pixels, const FrameInfo& info, const char* what) {
  const Tensor tensor = tensor_of(pixels, what);
  if (tensor.dtype() != DType::kUInt8 || tensor.shape().size() != 3 || tensor.size(2) != 3) {
    refuse(PyExc_ValueError, what, "a frame's pixels are uint8 of the shape (height, width, 3)");
  }
  return Frame::make(info, tensor);
}

nb::object frame_class() {
  return nb::module_::import_("pipit._frame").attr("Frame");
}

Value frame_from_python(nb::handle frame, const char* what) {
  FrameInfo info;
  info.index = nb::cast<std::int64_t>(frame.attr("index"));
  info.timestamp_ms = nb::cast<double>(frame.attr("timestamp_ms"));
  info.key_frame = nb::cast<bool>(frame.attr("key_frame"));
  info.rate = nb::cast<double>(frame.attr("rate"));
  return frame_of(frame.attr("pixels"), info, what);
}

bool is_picture(nb::handle object) {
  return nb::hasattr(object, "mode") && nb::hasattr(object, "convert") && nb::hasattr(object, "tobytes");
}

Value picture_of(nb::handle picture, const char* what) {
  const nb::object pixels = nb::module_::import_("numpy").attr("asarray")(picture.attr("convert")("RGB"));
  return frame_of(pixels, {}, what);
}

Value value_of(nb::handle object, const char* what, int depth);

Value list_of(nb::handle sequence, const char* what, int depth) {
  std::vector<Value> elements;
  for (nb::handle element : sequence) elements.push_back(value_of(element, what, depth + 1));
  return Value::list(std::move(elements));
}

Value map_of(nb::handle mapping, const char* what, int depth) {
  std::vector<std::pair<std::string, Value>> entries;
  for (nb::handle pair : mapping.attr("items")()) {
    const nb::object key = pair[0];
    if (!PyUnicode_Check(key.ptr()))
      refuse(PyExc_TypeError, what, "the keys of a map are str, found a " + kind_of(key));
    entries.emplace_back(nb::cast<std::string>(key), value_of(nb::object(pair[1]), what, depth + 1));
  }
  return Value::map(std::move(entries));
}

bool is_array(nb::handle object) {
  return nb::hasattr(object, "__dlpack__") || nb::hasattr(object, "__array_interface__");
}

Value value_of(nb::handle object, const char* what, int depth) {
  if (depth > kDeepest) refuse(PyExc_ValueError, what, "lists and maps lie in each other more than 64 deep");
  PyObject* raw = object.ptr();
  if (raw == Py_None) return {};
  if (PyBool_Check(raw)) return Value(raw == Py_True);
  if (PyLong_Check(raw)) return int_of(object, what);
  if (PyUnicode_Check(raw)) return text_of(object);
  if (PyFloat_Check(raw)) return Value(PyFloat_AS_DOUBLE(raw));
  if (PyBytes_Check(raw) || PyByteArray_Check(raw) || PyMemoryView_Check(raw)) return bytes_of(object);
  if (PyList_Check(raw) || PyTuple_Check(raw)) return list_of(object, what, depth);
  if (PyDict_Check(raw)) return map_of(object, what, depth);
  if (nb::isinstance(object, frame_class())) return frame_from_python(object, what);
  if (is_picture(object)) return picture_of(object, what);
  // A scalar of NumPy is an array to DLPack, and a number to everybody else.
  if (nb::hasattr(object, "item") && nb::hasattr(object, "dtype") && nb::hasattr(object, "ndim") &&
      !nb::hasattr(object, "__setitem__")) {
    return value_of(nb::object(object.attr("item")()), what, depth + 1);
  }
  if (is_array(object)) return tensor_of(object, what);
  if (nb::hasattr(object, "__fspath__")) return value_of(nb::object(object.attr("__fspath__")()), what, depth + 1);
  refuse(PyExc_TypeError, what,
         "a " + kind_of(object) +
             " is not a value of a pipeline; these are None, bool, int, float, str, paths, bytes, arrays, PIL "
             "images, frames, and lists and dicts of them");
}

template <class Array>
nb::object array_over(const Tensor& tensor) {
  const pipit_tensor& raw = tensor.dlpack();
  std::vector<std::size_t> shape;
  for (std::int64_t s : tensor.shape()) shape.push_back(static_cast<std::size_t>(s));
  auto keep = std::make_unique<Value>(tensor);
  const nb::capsule owner(keep.get(), [](void* dead) noexcept { delete static_cast<Value*>(dead); });
  static_cast<void>(keep.release());
  const nb::dlpack::dtype dtype{raw.dtype.code, raw.dtype.bits, raw.dtype.lanes};
  return nb::cast(Array(raw.data, shape.size(), shape.data(), owner, raw.strides, dtype, raw.device.type, raw.device.id,
                        'C', raw.byte_offset));
}

nb::object array_of(const Tensor& tensor) {
  const bool foreign =
      tensor.dlpack().device.type != PIPIT_DEVICE_CPU || tensor.dlpack().dtype.code == PIPIT_TYPE_BFLOAT;
  return foreign ? array_over<nb::ndarray<nb::array_api>>(tensor) : array_over<nb::ndarray<nb::numpy, nb::ro>>(tensor);
}

nb::object python_frame(const Frame& frame) {
  const FrameInfo info = frame.info();
  return frame_class()(array_of(frame.pixels()), info.index, info.timestamp_ms, info.key_frame, info.rate);
}

nb::object python_list(const Value& value) {
  nb::list list;
  for (const Value& element : value.list()) list.append(to_python(element));
  return list;
}

nb::object python_map(const Value& value) {
  nb::dict dict;
  for (std::size_t i = 0; i < value.map_size(); ++i) {
    const auto [key, entry] = value.map_at(i);
    dict[nb::str(key.data(), key.size())] = to_python(entry);
  }
  return dict;
}

}  // namespace

Value to_value(nb::handle object, const char* what) {
  return value_of(object, what, 0);
}

nb::object to_python(const Value& value) {
  switch (value.kind()) {
    case Kind::kNull:
      return nb::none();
    case Kind::kBool:
      return nb::bool_(value.boolean());
    case Kind::kInt:
      return nb::int_(value.integer());
    case Kind::kFloat:
      return nb::float_(value.number());
    case Kind::kString:
      return nb::str(value.string().data(), value.string().size());
    case Kind::kBytes:
      return nb::bytes(value.bytes().data(), value.bytes().size());
    case Kind::kTensor:
      return array_of(value.tensor());
    case Kind::kFrame:
      return python_frame(value.frame());
    case Kind::kList:
      return python_list(value);
    case Kind::kMap:
      return python_map(value);
  }
  return nb::none();
}

}  // namespace pipit::python
