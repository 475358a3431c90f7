#pragma once

// How many there are of each kind, where the kinds are those of an enum, or of a pair of enums.
//
// Reads like a std::map from kind to count, ordered by kind, in which zeroes do not stand; JSON and
// comparison are that map's. It is a table with a place for each kind, so a count changes without a
// search: the views count every event several times. Belongs to the view that it is in.

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <boost/describe/enumerators.hpp>
#include <boost/mp11/list.hpp>

namespace ringrift::projections {

/// The places of a table with one for each kind.
template <class Kind>
struct KindPlaces {
    static constexpr std::size_t count =
        boost::mp11::mp_size<boost::describe::describe_enumerators<Kind>>::value;
    static std::size_t place_of(Kind kind) { return static_cast<std::size_t>(kind); }
    static Kind kind_at(std::size_t place) { return static_cast<Kind>(place); }
};
template <class First, class Second>
struct KindPlaces<std::pair<First, Second>> {
    using Inner = KindPlaces<Second>;
    static constexpr std::size_t count = KindPlaces<First>::count * Inner::count;
    static std::size_t place_of(const std::pair<First, Second>& kind) {
        return KindPlaces<First>::place_of(kind.first) * Inner::count +
               Inner::place_of(kind.second);
    }
    static std::pair<First, Second> kind_at(std::size_t place) {
        return {KindPlaces<First>::kind_at(place / Inner::count),
                Inner::kind_at(place % Inner::count)};
    }
};

template <class Kind>
class Tally {
    using Places = KindPlaces<Kind>;
    using Counts = std::array<std::int64_t, Places::count>;

  public:
    using key_type = Kind;
    using mapped_type = std::int64_t;
    using value_type = std::pair<Kind, std::int64_t>;

    class const_iterator {
      public:
        using value_type = Tally::value_type;
        const_iterator(const Counts& counts, std::size_t place) : counts_(&counts), place_(place) {
            skip_zeroes();
        }
        value_type operator*() const { return {Places::kind_at(place_), (*counts_)[place_]}; }
        struct Arrow {
            value_type value;
            const value_type* operator->() const { return &value; }
        };
        Arrow operator->() const { return {**this}; }
        const_iterator& operator++() {
            ++place_;
            skip_zeroes();
            return *this;
        }
        friend bool operator==(const const_iterator& a, const const_iterator& b) {
            return a.place_ == b.place_;
        }

      private:
        void skip_zeroes() {
            while (place_ < Places::count && (*counts_)[place_] == 0) ++place_;
        }
        const Counts* counts_;
        std::size_t place_;
    };

    const_iterator begin() const { return {counts_, 0}; }
    const_iterator end() const { return {counts_, Places::count}; }
    bool empty() const { return begin() == end(); }
    bool contains(const Kind& kind) const { return at(kind) != 0; }
    const_iterator find(const Kind& kind) const {
        return contains(kind) ? const_iterator(counts_, Places::place_of(kind)) : end();
    }
    std::int64_t at(const Kind& kind) const { return counts_[Places::place_of(kind)]; }

    void add(const Kind& kind, std::int64_t change) { counts_[Places::place_of(kind)] += change; }

    // For reading JSON.
    void clear() { counts_ = {}; }
    void insert(const const_iterator&, const value_type& entry) { add(entry.first, entry.second); }

    friend bool operator==(const Tally&, const Tally&) = default;

  private:
    Counts counts_ = {};
};

}  // namespace ringrift::projections
