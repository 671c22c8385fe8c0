// The parts of a form with files: multipart/form-data (RFC 7578).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pipit::server {

struct FormPart {
  std::string name;
  std::string file;  // the name that the client gives it; empty: a field, not a file
  bool is_file = false;
  std::string_view content;  // of the body
};

/// `type`: the request's Content-Type. Throws Refusal (400) for a body that is not of this form.
std::vector<FormPart> form_parts(std::string_view type, std::string_view body);

}  // namespace pipit::server
