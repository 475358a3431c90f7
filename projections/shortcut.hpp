#pragma once

// A shortcut into the object that it is a member of: pointers that spare a search.
//
// It tells nothing that the object does not tell, so two are always equal, copies have none, nor
// has what was moved, and it is not part of a snapshot: whoever uses it makes it anew as it goes.

namespace ringrift::projections {

template <class T>
struct Shortcut {
    T to = {};

    Shortcut() = default;
    ~Shortcut() = default;
    Shortcut(const Shortcut&) {}
    Shortcut& operator=(const Shortcut&) {
        to = {};
        return *this;
    }
    Shortcut(Shortcut&& other) noexcept { other.to = {}; }
    Shortcut& operator=(Shortcut&& other) noexcept {
        to = {};
        other.to = {};
        return *this;
    }
    friend bool operator==(const Shortcut&, const Shortcut&) { return true; }
};

}  // namespace ringrift::projections
