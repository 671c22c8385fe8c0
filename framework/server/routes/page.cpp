// GET /: the search page, and the OpenAPI file.
#include "page_files.h"
#include "server/routes/routes.h"

namespace pipit::server {

Response page(const Served&, const Request& request, const std::string&) {
  Response response;
  response.type = "text/html; charset=utf-8";
  response.body = kPageHtml;
  if (request.path.ends_with(".css")) {
    response.type = "text/css; charset=utf-8";
    response.body = kPageCss;
  } else if (request.path.ends_with(".js")) {
    response.type = "text/javascript; charset=utf-8";
    response.body = kPageJs;
  }
  // Nothing from elsewhere, whatever an answer is called.
  response.headers = {
      {"Content-Security-Policy", "default-src 'self'; img-src 'self' data:; style-src 'self'; frame-ancestors 'none'"},
      {"X-Content-Type-Options", "nosniff"},
      {"Cache-Control", "no-cache"}};
  return response;
}

Response openapi(const Served&, const Request&, const std::string&) {
  Response response;
  response.body = kOpenApi;
  return response;
}

}  // namespace pipit::server
