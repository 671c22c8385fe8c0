// Bytes as text, RFC 4648.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace pipit {

/// The standard alphabet, padded with '='.
std::string base64(std::span<const std::byte> bytes);
/// The bytes of a text in the standard alphabet, its padding there or not. Nothing for anything else.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace pipit
