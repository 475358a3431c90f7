#pragma once

// Entries found by their id at once, and walked in the order in which they came.
//
// The order of coming is the log's, so it is the same on every node; the table that finds an entry
// by its id has no order and is never walked. An entry stays where it is in memory until it is
// erased. A class, to keep that table in step. Used like a std::map; belongs to the view it is in.

#include <list>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <boost/unordered/unordered_flat_map.hpp>

#include "bus/check.hpp"

namespace ringrift::projections {

template <class Id, class Entry>
class Register {
  public:
    using key_type = Id;
    using mapped_type = Entry;
    using value_type = std::pair<const Id, Entry>;
    using iterator = typename std::list<value_type>::iterator;
    using const_iterator = typename std::list<value_type>::const_iterator;

    Register() = default;
    ~Register() = default;
    Register(Register&&) noexcept = default;
    Register& operator=(Register&&) noexcept = default;
    Register(const Register& other) : entries_(other.entries_) {
        by_id_.reserve(entries_.size());
        for (auto entry = begin(); entry != end(); ++entry) note(entry);
    }
    Register& operator=(const Register& other) { return *this = Register(other); }
    friend bool operator==(const Register& a, const Register& b) {
        return a.entries_ == b.entries_;
    }

    iterator begin() { return entries_.begin(); }
    iterator end() { return entries_.end(); }
    const_iterator begin() const { return entries_.begin(); }
    const_iterator end() const { return entries_.end(); }
    std::size_t size() const { return entries_.size(); }
    bool empty() const { return entries_.empty(); }

    iterator find(const Id& id) {
        const auto known = by_id_.find(text_of(id));
        return known == by_id_.end() ? end() : known->second;
    }
    const_iterator find(const Id& id) const {
        const auto known = by_id_.find(text_of(id));
        return known == by_id_.end() ? end() : const_iterator(known->second);
    }
    bool contains(const Id& id) const { return by_id_.contains(text_of(id)); }
    /// Of an entry that is there.
    const Entry& at(const Id& id) const {
        const auto entry = find(id);
        RINGRIFT_CHECK(entry != end());
        return entry->second;
    }

    /// A new entry comes last. The entry, and whether it is new.
    std::pair<iterator, bool> try_emplace(const Id& id) {
        if (const auto known = find(id); known != end()) return {known, false};
        entries_.emplace_back(std::piecewise_construct, std::tuple<const Id&>(id), std::tuple<>());
        const auto entry = std::prev(end());
        note(entry);
        return {entry, true};
    }
    Entry& operator[](const Id& id) { return try_emplace(id).first->second; }
    void insert_or_assign(const Id& id, Entry entry) { (*this)[id] = std::move(entry); }
    void erase(iterator entry) {
        by_id_.erase(text_of(entry->first));
        entries_.erase(entry);
    }
    void clear() {
        by_id_.clear();
        entries_.clear();
    }

  private:
    static std::string_view text_of(const Id& id) {
        if constexpr (std::is_same_v<Id, std::string>) {
            return id;
        } else {
            return id.value;
        }
    }
    void note(iterator entry) { by_id_.emplace(text_of(entry->first), entry); }

    std::list<value_type> entries_ = {};
    boost::unordered_flat_map<std::string_view, iterator> by_id_ = {};  ///< Keys are the entries'.
};

}  // namespace ringrift::projections
