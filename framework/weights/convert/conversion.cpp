#include "pipit/weights/conversion.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/atomic_file.h"
#include "pipit/error.h"
#include "weights/clip/clip_hints.h"
#include "weights/clip/clip_layout.h"
#include "weights/clip/quantized_file.h"
#include "weights/convert/conversion_writer.h"
#include "weights/numbers/elements.h"

namespace pipit::weights {
namespace {

using Fields = std::vector<std::byte> (*)(const std::vector<float>& matrix, std::int64_t columns);

template <typename T>
std::vector<std::byte> bytes_of(const std::vector<T>& list) {
  const auto bytes = std::as_bytes(std::span(list));
  return {bytes.begin(), bytes.end()};
}

// Tensors of one quantised matrix. Each is computed when it is written: twice the arithmetic, and no memory for what is
// not yet due.
void add_quantized(std::vector<NewTensor>& tensors, const std::string& name, const Source& source,
                   const Quantization& quantization) {
  const std::vector<std::int64_t> shape = shape_of(source);
  const std::int64_t rows = shape[0];
  const std::int64_t columns = shape[1];
  const auto add = [&](const std::string& field, DType dtype, std::vector<std::int64_t> field_shape, Fields compute) {
    tensors.push_back({name + field, dtype, std::move(field_shape), [&source, columns, name, compute] {
                         try {
                           return compute(float_elements(source), columns);
                         } catch (const Error& error) {
                           fail("cannot be quantised: {} {}", quote(name), error.what());
                         }
                       }});
  };
  if (quantization.bits == 8) {
    add("", DType::kInt8, {rows, columns},
        [](const auto& matrix, std::int64_t width) { return bytes_of(quantize_int8(matrix, width).values); });
    add(".scale", DType::kFloat32, {rows},
        [](const auto& matrix, std::int64_t width) { return bytes_of(quantize_int8(matrix, width).scale); });
    return;
  }
  if (columns % quantization.group != 0) {
    fail("cannot be quantised: {} has {} columns, and 4 bits take a multiple of {}; quantise to 8 bits", quote(name),
         columns, quantization.group);
  }
  const std::int64_t groups = columns / quantization.group;
  add("", DType::kUInt8, {rows, columns / 2},
      [](const auto& matrix, std::int64_t width) { return bytes_of(quantize_int4(matrix, width).values); });
  add(".scale", DType::kFloat16, {rows, groups},
      [](const auto& matrix, std::int64_t width) { return bytes_of(quantize_int4(matrix, width).scale); });
  add(".zero", DType::kFloat16, {rows, groups},
      [](const auto& matrix, std::int64_t width) { return bytes_of(quantize_int4(matrix, width).zero); });
}

void add_copy(std::vector<NewTensor>& tensors, const std::string& name, const TensorView& view) {
  tensors.push_back({name, view.dtype, view.shape, [&view] { return raw_elements(view); }});
}

DType dtype_of(const std::string& name, const Source& source, const Conversion& conversion) {
  const bool kept = std::find(conversion.kept.begin(), conversion.kept.end(), name) != conversion.kept.end();
  if (conversion.dtype && !kept && part_of(name) != Part::kHead) return *conversion.dtype;
  return source.scales ? DType::kFloat32 : source.parts.front().dtype;
}

bool keeps_quantization(const ClipCheckpoint& checkpoint, const Conversion& conversion) {
  return checkpoint.quantization && checkpoint.quantization == conversion.quantization;
}

std::size_t bytes_of(const Source& source) {
  std::size_t bytes = 0;
  for (const TensorView& part : source.parts) {
    bytes += static_cast<std::size_t>(part.elements()) * dtype_bytes(part.dtype);
  }
  return bytes;
}

bool in_place(const std::string& name, const Source& source, const Conversion& conversion, bool kept) {
  const bool lies_well =
      source.parts.size() == 1 && source.parts.front().contiguous() && source.parts.front().aligned();
  if (source.scales) return kept && lies_well;
  const bool quantizes = conversion.quantization && is_block_linear(name);
  return lies_well && !quantizes && source.parts.front().dtype == dtype_of(name, source, conversion);
}

[[noreturn]] void throw_invalid(const ClipCheckpoint& checkpoint, const Fault& fault) {
  throw Error("invalid_checkpoint", fmt::format("weight_path '{}' {}", checkpoint.file.path().string(), fault.what()));
}

}  // namespace

std::string conversion_name(const Conversion& conversion) {
  std::string name;
  if (conversion.quantization) name = fmt::format("int{}", conversion.quantization->bits);
  if (conversion.dtype) name += fmt::format("{}{}", name.empty() ? "" : "-", dtype_name(*conversion.dtype));
  if (name.empty()) name = "unchanged";
  return conversion.kept.empty() ? name : fmt::format("{}-but-{}", name, fmt::join(conversion.kept, ","));
}

std::size_t bytes_to_convert(const ClipCheckpoint& checkpoint, const Conversion& conversion) {
  const bool kept = keeps_quantization(checkpoint, conversion);
  std::size_t bytes = 0;
  for (const auto& [name, source] : checkpoint.tensors) {
    if (!in_place(name, source, conversion, kept)) bytes += bytes_of(source);
  }
  return bytes;
}

ClipCheckpoint asked_for(ClipCheckpoint checkpoint, const ClipRequest& request) {
  std::erase_if(checkpoint.tensors, [&](const auto& tensor) {
    return part_of(tensor.first) == Part::kText ? !request.text : !request.vision;
  });
  return checkpoint;
}

std::uint64_t converted_bytes(const ClipCheckpoint& checkpoint, const Conversion& conversion,
                              const ClipRequest& request) {
  try {
    return converted_file(asked_for(checkpoint, request), conversion).tensor_bytes();
  } catch (const Fault& fault) {
    throw_invalid(checkpoint, fault);
  }
}

SafetensorsWriter converted_file(const ClipCheckpoint& checkpoint, const Conversion& conversion) {
  const bool kept = keeps_quantization(checkpoint, conversion);
  if (conversion.quantization && checkpoint.quantization && !kept) {
    fail("is quantised to {} bits, and cannot be to {}; quantise the checkpoint that it was made from",
         checkpoint.quantization->bits, conversion.quantization->bits);
  }
  std::vector<NewTensor> tensors;
  for (const auto& [name, source] : checkpoint.tensors) {
    if (source.scales && kept) {
      add_copy(tensors, name, source.parts.front());
      add_copy(tensors, name + ".scale", source.scales->scale);
      if (source.scales->zero) add_copy(tensors, name + ".zero", *source.scales->zero);
    } else if (conversion.quantization && is_block_linear(name)) {
      add_quantized(tensors, name, source, *conversion.quantization);
    } else {
      const DType dtype = dtype_of(name, source, conversion);
      tensors.push_back({name, dtype, shape_of(source), [&from = source, dtype] { return elements(from, dtype); }});
    }
  }
  std::map<std::string, std::string> metadata = {{"format", "pt"}};
  if (conversion.quantization) metadata.emplace(kQuantizationKey, describe(*conversion.quantization));
  if (std::string hints = describe(checkpoint.hints); !hints.empty()) metadata.emplace(kHintsKey, hints);
  return {std::move(tensors), metadata};
}

void write_converted(const ClipCheckpoint& checkpoint, const Conversion& conversion, const std::filesystem::path& path,
                     const std::function<void(std::uint64_t done, std::uint64_t total)>& progress) {
  try {
    const SafetensorsWriter writer = converted_file(checkpoint, conversion);
    try {
      AtomicFile file(path.has_parent_path() ? path.parent_path() : ".");
      std::uint64_t done = 0;
      writer.write([&](Bytes bytes) {
        file.write(bytes);
        done += bytes.size();
        if (progress) progress(done, writer.size());
      });
      file.name(path, true);
    } catch (const WriteFault& fault) {
      throw Error("output_failed", fmt::format("'{}' {}", path.string(), fault.what()));
    }
  } catch (const Fault& fault) {
    throw_invalid(checkpoint, fault);
  }
}

}  // namespace pipit::weights
