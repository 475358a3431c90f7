#pragma once

// Ordered like std::map and std::set, and kept in one piece of memory: for few entries, of which
// many events change one. Their iterators and references hold only until the next change.

#include <boost/container/flat_map.hpp>
#include <boost/container/flat_set.hpp>

namespace ringrift::projections {

template <class Key, class Value>
using FlatMap = boost::container::flat_map<Key, Value>;
template <class Key>
using FlatSet = boost::container::flat_set<Key>;

}  // namespace ringrift::projections
