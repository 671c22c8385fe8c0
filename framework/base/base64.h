// Bytes as text, RFC 4648.
#pragma once

#include <span>
#include <string>
#include <cstddef>

namespace pipit {

/// The standard alphabet, padded with '='.
std::string base64(std::span<const std::byte> bytes);

}  // namespace pipit
