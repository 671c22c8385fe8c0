// Row domains: the sets of rows of a graph, and how they lie inside each other.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace pipit {

using DomainId = int;
inline constexpr DomainId kItemDomain = 0;
inline constexpr DomainId kNoDomain = -1;  // of a column whose node is wrong; nothing more is said about it

/// A set of rows. Domain 0 is the item itself: one row. A child domain has any number of rows for each row of its
/// parent.
struct Domain {
  DomainId parent = kNoDomain;
  int depth = 0;
  std::string opened_by;   // the node; empty for the item
  bool selection = false;  // opened by a filter: some of its parent's rows
};

/// All domains of a graph. The item is there from the start.
class Domains {
 public:
  DomainId open(DomainId parent, std::string opened_by, bool selection);

  const Domain& operator[](DomainId domain) const { return all_[static_cast<std::size_t>(domain)]; }
  std::size_t size() const { return all_.size(); }

  /// True when `domain` is `ancestor` or lies inside it.
  bool inside(DomainId domain, DomainId ancestor) const;
  bool strictly_inside(DomainId domain, DomainId ancestor) const {
    return domain != ancestor && inside(domain, ancestor);
  }
  /// The rows that collecting the rows of a domain returns to. What a filter kept is collected as all of the rows would
  /// be, not for each row that the filter read.
  DomainId enclosing(DomainId domain) const;

 private:
  std::vector<Domain> all_{1};
};

}  // namespace pipit
