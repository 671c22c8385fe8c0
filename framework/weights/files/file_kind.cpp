#include "weights/files/file_kind.h"

#include <algorithm>
#include <cctype>

namespace pipit::weights {
namespace {

struct Mark {
  std::size_t offset;
  std::string_view bytes;
  std::string_view meaning;
};

using namespace std::string_view_literals;

constexpr Mark kMarks[] = {
    {0, "version https://git-lfs.github.com/spec/"sv,
     "is a git-lfs pointer, not the file itself; fetch it with 'git lfs pull'"},
    {0, "<?xml"sv, "is an XML document, as a server sends for an error; download the weights again"},
    {4, "ftyp"sv, "is a video (MP4 or QuickTime), not weights"},
    {0, "\x1a\x45\xdf\xa3"sv, "is a video (Matroska or WebM), not weights"},
    {8, "AVI "sv, "is a video (AVI), not weights"},
    {0, "\x89PNG"sv, "is a picture (PNG), not weights"},
    {0, "\xff\xd8\xff"sv, "is a picture (JPEG), not weights"},
    {0, "\x89HDF\r\n\x1a\n"sv, "is an HDF5 file (Keras or TensorFlow); pipit reads PyTorch and safetensors files"},
    {4, "TFL3"sv, "is a TensorFlow Lite model; pipit reads PyTorch and safetensors files"},
    {0, "\x08\x01\x12"sv, "looks like a TensorFlow SavedModel; pipit reads PyTorch and safetensors files"},
    {0, "GGUF"sv, "is a GGUF file (llama.cpp); pipit reads PyTorch and safetensors files"},
    {0, "\x93NUMPY"sv, "is a NumPy array; pipit reads PyTorch and safetensors files"},
    {257, "ustar"sv, "is a tar archive; unpack it, and name the weight file in it"},
    {0, "\x1f\x8b"sv, "is compressed (gzip); unpack it first"},
    {0, "\x28\xb5\x2f\xfd"sv, "is compressed (zstd); unpack it first"},
    {0, "\xfd\x37zXZ"sv, "is compressed (xz); unpack it first"},
    {0, "7z\xbc\xaf\x27\x1c"sv, "is a 7z archive; unpack it, and name the weight file in it"},
    {0,
     "\x7f"
     "ELF"sv,
     "is a program or library (ELF), not weights"},
    {0, "%PDF"sv, "is a PDF, not weights"},
};

bool starts_like_html(std::string_view text) {
  std::string start(text.substr(0, 256));
  start.erase(0, start.find_first_not_of(" \t\r\n"));
  std::transform(start.begin(), start.end(), start.begin(), [](unsigned char c) { return std::tolower(c); });
  return start.starts_with("<!doctype html") || start.starts_with("<html");
}

// A protobuf whose first field is ir_version (3 to 20 so far) and whose second is the producer's name.
bool starts_like_onnx(std::string_view text) {
  return text.size() > 4 && text[0] == 0x08 && text[1] >= 3 && text[1] <= 20 && text[2] == 0x12 &&
         std::isalpha(static_cast<unsigned char>(text[4])) != 0;
}

bool is_text(std::string_view start) {
  return std::all_of(start.begin(), start.end(), [](unsigned char c) { return c >= ' ' || std::isspace(c) != 0; });
}

}  // namespace

std::string describe_foreign_file(Bytes file) {
  std::string_view text = as_text(file);
  if (starts_like_html(text)) return "is an HTML page, as a failed download leaves; download the weights again";
  for (const Mark& mark : kMarks) {
    if (text.size() >= mark.offset && text.substr(mark.offset).starts_with(mark.bytes)) {
      return std::string(mark.meaning);
    }
  }
  if (starts_like_onnx(text)) return "looks like an ONNX model; pipit reads PyTorch and safetensors files";
  std::string_view start = text.substr(0, 512);
  if (std::all_of(start.begin(), start.end(), [](char c) { return c == '\0'; })) {
    return "starts with zeros, as a download that broke off leaves; download the weights again";
  }
  if (start.find_first_of("{[") == start.find_first_not_of(" \t\r\n") && is_text(start)) {
    return "is JSON, not weights; name the weight file that belongs to it";
  }
  if (is_text(start)) return fmt::format("is text, not weights; it starts with {}", quote(start.substr(0, 24)));
  std::string first;
  for (char c : start.substr(0, 8)) first += fmt::format(" {:02x}", static_cast<unsigned char>(c));
  return fmt::format("is neither a safetensors nor a PyTorch file; it starts with the bytes{}", first);
}

}  // namespace pipit::weights
