#include "target.h"

#include <cstring>
#include <memory>

#include "folder.h"
#include "pipit/error.h"
#include "pipit/weights/clip_checkpoint.h"
#include "pipit/weights/conversion.h"

namespace fuzz {
namespace {

using pipit::weights::TensorView;

// Every byte that shape and strides reach, so that a sanitizer sees one that is not the file's.
unsigned touch(const TensorView& view) {
  const auto item = static_cast<std::int64_t>(dtype_bytes(view.dtype));
  if (view.elements() == 0) return 0;
  std::int64_t last = 0;
  for (std::size_t i = 0; i < view.shape.size(); ++i) last += (view.shape[i] - 1) * view.strides[i];
  const auto first = std::to_integer<unsigned>(view.data[0]);
  return first + std::to_integer<unsigned>(view.data[last * item + item - 1]);
}

}  // namespace

void read_checkpoint(std::span<const std::byte> bytes) {
  // A copy of its own, so that one byte beyond is beyond the allocation.
  constexpr std::align_val_t kAlignment{64};
  const std::shared_ptr<std::byte> copy(static_cast<std::byte*>(::operator new(bytes.size(), kAlignment)),
                                        [](std::byte* data) { ::operator delete(data, kAlignment); });
  if (!bytes.empty()) std::memcpy(copy.get(), bytes.data(), bytes.size());
  try {
    const auto file = pipit::weights::Checkpoint::read({copy.get(), bytes.size()}, copy, folder() / "weights");
    volatile unsigned sum = 0;
    for (const auto& [name, view] : file.tensors()) sum = sum + touch(view);
    const auto clip = resolve_clip(file, {.vision = false, .text = false, .heads = 2});
    write_converted(clip, {.dtype = pipit::weights::DType::kFloat32}, folder() / "converted");
  } catch (const pipit::Error&) {
    // Refused, as it should be.
  }
}

}  // namespace fuzz
