#include "graph/domains.h"

#include <algorithm>
#include <utility>

namespace pipit {

DomainId Domains::open(DomainId parent, std::string opened_by, bool selection) {
  const int depth = (*this)[parent].depth + 1;
  all_.push_back({parent, depth, std::move(opened_by), selection});
  return static_cast<DomainId>(all_.size()) - 1;
}

bool Domains::inside(DomainId domain, DomainId ancestor) const {
  for (; domain >= 0; domain = (*this)[domain].parent) {
    if (domain == ancestor) return true;
  }
  return false;
}

DomainId Domains::enclosing(DomainId domain) const {
  while ((*this)[domain].selection) domain = (*this)[domain].parent;
  return std::max((*this)[domain].parent, kItemDomain);
}

}  // namespace pipit
